#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/api/clock.h"
#include "storage/api/mutation_spool.h"
#include "tests/storage/engine_helpers.h"

// What every engine promises. A new engine instantiates the suite with a way to open it:
//   INSTANTIATE_TEST_SUITE_P(MyEngine, EngineContract, ::testing::Values(EngineParam{...}));
namespace strata::storage::testing {

struct EngineParam {
  std::string name;
  // Opens an empty store; tests advance `steady_us`, and give small limits to feeds.
  std::function<std::unique_ptr<Engine>(const std::string& folder, const Clock& clock,
                                        std::size_t feed_bytes)>
      open;
};

inline void PrintTo(const EngineParam& param, std::ostream* out) { *out << param.name; }

class EngineContract : public ::testing::TestWithParam<EngineParam> {
 protected:
  EngineContract() {
    clock_.steady_us = [this] { return steady_us_.load(); };
    engine_ = Open(folder_.path() + "/store", std::size_t{16} << 20);
  }

  std::unique_ptr<Engine> Open(const std::string& folder, std::size_t feed_bytes) {
    return GetParam().open(folder, clock_, feed_bytes);
  }
  Engine& engine() { return *engine_; }

  TempFolder folder_;
  std::atomic<std::int64_t> steady_us_{1'000'000};
  Clock clock_;
  std::unique_ptr<Engine> engine_;
};

TEST_P(EngineContract, DescribesAnEmptyStore) {
  const Description description = engine().Describe();

  EXPECT_FALSE(description.engine.empty());
  EXPECT_EQ(description.store_id.size(), 32U);
  EXPECT_EQ(description.last_version, 0U);
  EXPECT_EQ(description.oldest_watch_version, 0U);
  EXPECT_GE(engine().limits().max_key_bytes, 1024U);
  EXPECT_GE(engine().limits().max_value_bytes, 1024U * 1024);
  EXPECT_GE(engine().limits().max_commit_bytes, 256U * 1024 * 1024);
}

TEST_P(EngineContract, ReadsWhatWasCommitted) {
  const Version first = MustCommit(engine(), {Put("a", "1"), Put("b", "2")});
  const Version second = MustCommit(engine(), {Put("b", "3")});

  EXPECT_GT(first, 0U);
  EXPECT_GT(second, first);
  EXPECT_EQ(*Get(engine(), "a"), (Found{first, "1"}));
  EXPECT_EQ(*Get(engine(), "b"), (Found{second, "3"}));
  EXPECT_EQ(*Get(engine(), "c"), (Found{0, ""}));
  EXPECT_EQ(engine().Describe().last_version, second);
}

TEST_P(EngineContract, GetsManyKeysInTheOrderOfTheRequest) {
  MustCommit(engine(), {Put("a", "1"), Put("c", "3")});
  const std::vector<std::string_view> keys = {"c", "b", "a", "c"};
  std::vector<std::string> values;

  const Result<Version> view =
      engine().Get(keys, {}, [&](std::size_t index, Version, std::string_view value) {
        EXPECT_EQ(index, values.size());
        values.emplace_back(value);
      });

  ASSERT_TRUE(view.ok());
  EXPECT_EQ(*const_cast<Result<Version>&>(view), engine().Describe().last_version);
  EXPECT_THAT(values, ::testing::ElementsAre("3", "", "1", "3"));
}

TEST_P(EngineContract, OmitsValuesOnRequest) {
  const Version version = MustCommit(engine(), {Put("a", "1")});
  const std::string_view key = "a";
  Found found{99, "unset"};

  ReadOptions options;
  options.omit_values = true;
  ASSERT_TRUE(engine()
                  .Get(std::span(&key, 1), options,
                       [&](std::size_t, Version at, std::string_view value) {
                         found = {at, std::string(value)};
                       })
                  .ok());

  EXPECT_EQ(found, (Found{version, ""}));
}

TEST_P(EngineContract, KeepsBytesOfAnyKind) {
  const std::string key("\0\xff key\x80\0", 8);
  const std::string value("\0\n\xff\0", 4);
  MustCommit(engine(), {Put(key, value), Put("empty", "")});

  EXPECT_EQ(ValueOf(engine(), key), value);
  EXPECT_EQ(ValueOf(engine(), "empty"), "");
}

TEST_P(EngineContract, ScansInTheOrderOfUnsignedBytes) {
  MustCommit(engine(), {Put("b", "2"), Put("\xff", "5"), Put("a", "1"), Put("a\x01", "3"),
                        Put(std::string_view("a\0", 2), "0")});

  std::vector<std::string> values;
  for (const ScannedRow& row : Scan(engine()).rows) values.push_back(row.value);

  EXPECT_THAT(values, ::testing::ElementsAre("1", "0", "3", "2", "5"));
}

TEST_P(EngineContract, ScansRanges) {
  MustCommit(engine(), {Put("a", "1"), Put("b", "2"), Put("c", "3"), Put("d", "4")});

  EXPECT_EQ(ScanRange(engine(), "b", "d").ToString(), "b=2 c=3");
  EXPECT_EQ(ScanRange(engine(), "", "c").ToString(), "a=1 b=2");
  EXPECT_EQ(ScanRange(engine(), "c", "").ToString(), "c=3 d=4");
  EXPECT_EQ(ScanRange(engine(), "aa", "ab").ToString(), "");
  EXPECT_EQ(ScanRange(engine(), "d", "a").ToString(), "");
}

TEST_P(EngineContract, ScansBackwardsAndWithALimit) {
  MustCommit(engine(), {Put("a", "1"), Put("b", "2"), Put("c", "3"), Put("d", "4")});

  ScanOptions options;
  options.range = {"a", "d"};
  options.reverse = true;
  EXPECT_EQ(Scan(engine(), options).ToString(), "c=3 b=2 a=1");
  options.limit = 2;
  EXPECT_EQ(Scan(engine(), options).ToString(), "c=3 b=2");
  options.range = {"b", ""};
  EXPECT_EQ(Scan(engine(), options).ToString(), "d=4 c=3");
  options.reverse = false;
  options.keys_only = true;
  EXPECT_EQ(Scan(engine(), options).ToString(), "b= c=");
}

TEST_P(EngineContract, ScansLongRangesInChunks) {
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back("key" + std::to_string(100000 + i));
  const std::string value(100, 'v');
  std::vector<Mutation> puts;
  for (const std::string& key : keys) puts.push_back(Put(key, value));
  MustCommit(engine(), puts);

  for (const bool reverse : {false, true}) {
    for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{2000}}) {
      ScanOptions options;
      options.reverse = reverse;
      options.limit = limit;
      const Scanned scanned = Scan(engine(), options);
      ASSERT_TRUE(scanned.status.ok());
      ASSERT_EQ(scanned.rows.size(), limit == 0 ? 3000 : limit);
      EXPECT_GT(scanned.chunks, 1U);
      for (std::size_t i = 0; i < scanned.rows.size(); ++i) {
        ASSERT_EQ(scanned.rows[i].key, reverse ? keys[2999 - i] : keys[i]);
      }
    }
  }
}

TEST_P(EngineContract, ScanAnswersOneChunkWhenThereIsNothing) {
  const Version version = MustCommit(engine(), {Put("a", "1")});
  Version view = 0;

  ScanOptions options;
  options.range = {"x", "y"};
  int chunks = 0;
  ASSERT_TRUE(engine()
                  .Scan(options,
                        [&](ScanChunk& chunk) {
                          ++chunks;
                          view = chunk.view_version;
                          return OkStatus();
                        })
                  .ok());

  EXPECT_EQ(chunks, 1);
  EXPECT_EQ(view, version);
}

TEST_P(EngineContract, ScanStopsWhenTheVisitorSaysSo) {
  MustCommit(engine(), {Put("a", "1")});

  const Status status =
      engine().Scan(ScanOptions(), [](ScanChunk&) { return Cancelled("enough"); });

  EXPECT_EQ(status.code(), Code::kCancelled);
}

TEST_P(EngineContract, AScanSeesOneViewWhileOthersCommit) {
  std::vector<std::string> keys;
  for (int i = 0; i < 2000; ++i) keys.push_back("key" + std::to_string(100000 + i));
  const std::string value(200, 'v');
  std::vector<Mutation> puts;
  for (const std::string& key : keys) puts.push_back(Put(key, value));
  MustCommit(engine(), puts);

  std::size_t rows = 0;
  const Status status = engine().Scan(ScanOptions(), [&](ScanChunk& chunk) {
    rows += chunk.row_count;
    MustCommit(engine(), {DeleteRange("key", ""), Put("key" + std::to_string(rows), "later")});
    return OkStatus();
  });

  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(rows, 2000U);
}

TEST_P(EngineContract, AppliesMutationsInOrder) {
  MustCommit(engine(), {Put("a", "1"), Put("b", "1"), Put("c", "1")});

  MustCommit(engine(), {Put("a", "2"), DeleteRange("a", "c"), Put("b", "3"), Put("d", "1"),
                        Delete("d"), Put("c", "2"), Put("c", "4")});

  EXPECT_EQ(Scan(engine()).ToString(), "b=3 c=4");
}

TEST_P(EngineContract, DeletesToTheLastKey) {
  MustCommit(engine(), {Put("a", "1"), Put("b", "1"), Put("\xff\xff", "1")});
  MustCommit(engine(), {DeleteRange("b", "")});
  EXPECT_EQ(Scan(engine()).ToString(), "a=1");
}

struct ConditionCase {
  Precondition condition;
  bool holds;
  Version actual;
};

TEST_P(EngineContract, ChecksPreconditions) {
  using Kind = Precondition::Kind;
  const Version version = MustCommit(engine(), {Put("a", "1")});
  const std::vector<ConditionCase> cases = {
      {{Kind::kKeyAbsent, "b", "", 0}, true, 0},
      {{Kind::kKeyAbsent, "a", "", 0}, false, version},
      {{Kind::kKeyPresent, "a", "", 0}, true, 0},
      {{Kind::kKeyPresent, "b", "", 0}, false, 0},
      {{Kind::kKeyAtVersion, "a", "", version}, true, 0},
      {{Kind::kKeyAtVersion, "a", "", version + 1}, false, version},
      {{Kind::kKeyAtVersion, "b", "", version}, false, 0},
      {{Kind::kRangeEmpty, "b", "c", 0}, true, 0},
      {{Kind::kRangeEmpty, "a", "b", 0}, false, 0},
      {{Kind::kRangeEmpty, "b", "", 0}, true, 0},
      {{Kind::kRangeEmpty, "", "", 0}, false, 0},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CommitRequest request;
    request.preconditions = {{Kind::kKeyPresent, "a", "", 0}, cases[i].condition};
    const std::string number = std::to_string(i);
    request.mutations = {Put("result", number)};
    Conflict conflict{77, 77};
    const Result<CommitResult> result = engine().Commit(request, &conflict);
    EXPECT_EQ(result.ok(), cases[i].holds) << i;
    if (!cases[i].holds) {
      EXPECT_EQ(result.status().code(), Code::kAborted) << i;
      EXPECT_EQ(conflict.precondition, 1U) << i;
      EXPECT_EQ(conflict.actual_version, cases[i].actual) << i;
      EXPECT_NE(ValueOf(engine(), "result"), number) << i;
    }
    MustCommit(engine(), {Delete("result")});
  }
}

TEST_P(EngineContract, ACommitWithoutMutationsOnlyChecks) {
  const Version version = MustCommit(engine(), {Put("a", "1")});

  CommitRequest request;
  request.preconditions = {{Precondition::Kind::kKeyAtVersion, "a", "", version}};
  Result<CommitResult> result = engine().Commit(request);

  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->version, version);
  EXPECT_EQ(engine().Describe().last_version, version);
}

TEST_P(EngineContract, StampsTheVersion) {
  const std::string key = "log/........";
  const std::string value = "........!";
  Mutation put = Put(key, value);
  put.stamp_key_at = 4;
  put.stamp_value_at = 0;
  const Version version = MustCommit(engine(), {put});

  std::string stamp;
  for (int shift = 56; shift >= 0; shift -= 8) stamp.push_back(static_cast<char>(version >> shift));
  EXPECT_EQ(ValueOf(engine(), "log/" + stamp), stamp + "!");
  EXPECT_EQ(ValueOf(engine(), key), "<absent>");
  EXPECT_THAT(ReadFeedAfter(engine(), 0).commits[0].keys, ::testing::ElementsAre("log/" + stamp));
}

TEST_P(EngineContract, ARepeatedRequestChangesNothing) {
  Result<CommitResult> first = Commit(engine(), {Put("a", "1")}, "id-1");
  MustCommit(engine(), {Put("a", "2")}, "id-2");

  Result<CommitResult> again = Commit(engine(), {Put("a", "1")}, "id-1");

  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->version, first->version);
  EXPECT_TRUE(again->replayed);
  EXPECT_FALSE(first->replayed);
  EXPECT_EQ(ValueOf(engine(), "a"), "2");
}

TEST_P(EngineContract, ARefusedRequestIsNotRemembered) {
  CommitRequest request;
  request.request_id = "id-1";
  request.preconditions = {{Precondition::Kind::kKeyPresent, "a", "", 0}};
  request.mutations = {Put("b", "1")};
  ASSERT_EQ(engine().Commit(request).status().code(), Code::kAborted);
  MustCommit(engine(), {Put("a", "1")});

  Result<CommitResult> again = engine().Commit(request);

  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->replayed);
}

TEST_P(EngineContract, RefusesWhatIsOutsideTheLimits) {
  const Limits& limits = engine().limits();
  const std::string long_key(limits.max_key_bytes + 1, 'k');
  const std::string long_value(limits.max_value_bytes + 1, 'v');
  Mutation stamp = Put("1234567", "v");
  stamp.stamp_key_at = 0;
  for (const Mutation& mutation :
       {Put("", "v"), Put(long_key, "v"), Put("k", long_value), Delete(""), Delete(long_key),
        DeleteRange(long_key, ""), DeleteRange("", long_key), stamp}) {
    EXPECT_EQ(Commit(engine(), {Put("other", "1"), mutation}).status().code(),
              Code::kInvalidArgument);
  }
  EXPECT_EQ(ValueOf(engine(), "other"), "<absent>");

  MustCommit(engine(), {Put(long_key.substr(1), long_value.substr(1))});
  EXPECT_EQ(ValueOf(engine(), long_key.substr(1)).size(), limits.max_value_bytes);
}

TEST_P(EngineContract, SnapshotsStayTheSame) {
  MustCommit(engine(), {Put("a", "1"), Put("b", "1")});
  Result<Snapshot> snapshot = engine().OpenSnapshot({});
  ASSERT_TRUE(snapshot.ok());
  MustCommit(engine(), {Put("a", "2"), Delete("b"), Put("c", "2")});

  EXPECT_EQ(ValueOf(engine(), "a", snapshot->token), "1");
  EXPECT_EQ(ValueOf(engine(), "b", snapshot->token), "1");
  EXPECT_EQ(ValueOf(engine(), "c", snapshot->token), "<absent>");
  ScanOptions options;
  options.snapshot = snapshot->token;
  EXPECT_EQ(Scan(engine(), options).ToString(), "a=1 b=1");
  EXPECT_EQ(Scan(engine()).ToString(), "a=2 c=2");
  EXPECT_LT(snapshot->view_version, engine().Describe().last_version);
}

TEST_P(EngineContract, ASnapshotEndsWithItsLeaseOrWhenClosed) {
  MustCommit(engine(), {Put("a", "1")});
  Result<Snapshot> leased = engine().OpenSnapshot(std::chrono::seconds(10));
  Result<Snapshot> closed = engine().OpenSnapshot(std::chrono::seconds(10));
  EXPECT_TRUE(engine().CloseSnapshot(closed->token).ok());
  EXPECT_TRUE(engine().CloseSnapshot(closed->token).ok());
  EXPECT_TRUE(engine().CloseSnapshot("never was one").ok());
  EXPECT_EQ(Get(engine(), "a", closed->token).status().code(), Code::kNotFound);

  steady_us_ += 9'000'000;
  EXPECT_EQ(ValueOf(engine(), "a", leased->token), "1") << "and the lease is renewed";
  steady_us_ += 9'000'000;
  EXPECT_EQ(ValueOf(engine(), "a", leased->token), "1");
  steady_us_ += 11'000'000;
  EXPECT_EQ(Get(engine(), "a", leased->token).status().code(), Code::kNotFound);
}

TEST_P(EngineContract, BoundsTheSnapshots) {
  const std::uint32_t limit = engine().limits().max_open_snapshots;
  std::vector<std::string> tokens;
  for (std::uint32_t i = 0; i < limit; ++i) {
    MustCommit(engine(), {Put("a", std::to_string(i))});
    Result<Snapshot> snapshot = engine().OpenSnapshot({});
    ASSERT_TRUE(snapshot.ok()) << i << snapshot.status().ToString();
    tokens.push_back(snapshot->token);
  }
  EXPECT_EQ(engine().OpenSnapshot({}).status().code(), Code::kResourceExhausted);
  EXPECT_EQ(ValueOf(engine(), "a", tokens[5]), "5");

  ASSERT_TRUE(engine().CloseSnapshot(tokens[0]).ok());
  EXPECT_TRUE(engine().OpenSnapshot({}).ok());
}

TEST_P(EngineContract, FeedsCommitsInOrder) {
  const Version first = MustCommit(engine(), {Put("a", "1"), Delete("z")});
  const Version second = MustCommit(engine(), {DeleteRange("b", "c"), Put("b", "1")});

  const Feed all = ReadFeedAfter(engine(), 0);
  ASSERT_EQ(all.commits.size(), 2U);
  EXPECT_EQ(all.commits[0].version, first);
  EXPECT_THAT(all.commits[0].keys, ::testing::ElementsAre("a", "z"));
  EXPECT_EQ(all.commits[1].version, second);
  EXPECT_EQ(all.position.up_to, second);

  EXPECT_EQ(ReadFeedAfter(engine(), first).commits.size(), 1U);
  EXPECT_EQ(ReadFeedAfter(engine(), second).commits.size(), 0U);
}

TEST_P(EngineContract, FeedsOnlyARangeButMovesOn) {
  MustCommit(engine(), {Put("a", "1"), Put("m", "1")});
  MustCommit(engine(), {DeleteRange("a", "n")});
  const Version last = MustCommit(engine(), {Put("z", "1")});

  FeedOptions options;
  options.range = KeyRange{"m", "n"};
  const Feed feed = ReadFeed(engine(), options);

  ASSERT_EQ(feed.commits.size(), 2U);
  EXPECT_THAT(feed.commits[0].keys, ::testing::ElementsAre("m"));
  EXPECT_THAT(feed.commits[1].keys, ::testing::ElementsAre("a"));
  EXPECT_EQ(feed.position.up_to, last);
  EXPECT_TRUE(feed.position.at_end);
}

TEST_P(EngineContract, ResumesTheFeedAnywhere) {
  for (int i = 0; i < 50; ++i) MustCommit(engine(), {Put("k" + std::to_string(i), "v")});

  FeedOptions options;
  options.max_bytes = 1;
  std::vector<std::string> keys;
  for (bool at_end = false; !at_end;) {
    const Feed feed = ReadFeed(engine(), options);
    ASSERT_TRUE(feed.status.ok());
    for (const SeenCommit& commit : feed.commits) keys.push_back(commit.keys[0]);
    options.after = feed.position.up_to;
    at_end = feed.position.at_end;
  }

  ASSERT_EQ(keys.size(), 50U);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(keys[static_cast<std::size_t>(i)], "k" + std::to_string(i));
  }
}

TEST_P(EngineContract, FeedsALargeCommitInParts) {
  MutationSpool spool(folder_.path(), engine().limits(), /*memory_bytes=*/100'000);
  for (int i = 0; i < 60'000; ++i) {
    ASSERT_TRUE(spool.Add(Put("key-" + std::to_string(i * 7919 % 60'000), "v")).ok());
  }
  CommitRequest request;
  request.more = &spool;
  Result<CommitResult> result = engine().Commit(request);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const Version later = MustCommit(engine(), {Put("later", "v")});

  const Feed feed = ReadFeedAfter(engine(), 0);

  ASSERT_EQ(feed.commits.size(), 2U);
  EXPECT_EQ(feed.commits[0].version, result->version);
  EXPECT_EQ(feed.commits[0].keys.size(), 60'000U);
  EXPECT_EQ(feed.position.up_to, later);
  EXPECT_EQ(ReadFeedAfter(engine(), result->version).commits.size(), 1U);
  EXPECT_EQ(Scan(engine()).rows.size(), 60'001U);
}

TEST_P(EngineContract, SaysWhenTheFeedDoesNotReachBack) {
  const auto small = Open(folder_.path() + "/small", /*feed_bytes=*/4096);
  const std::string prefix(200, 'p');
  Version last = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string key = std::to_string(i) + prefix;
    last = MustCommit(*small, {Put(key, "v")});
  }

  const Version oldest = small->Describe().oldest_watch_version;
  EXPECT_GT(oldest, 0U);
  EXPECT_EQ(ReadFeedAfter(*small, 1).status.code(), Code::kOutOfRange);
  EXPECT_EQ(ReadFeedAfter(*small, last + 1).status.code(), Code::kOutOfRange);
  const Feed feed = ReadFeedAfter(*small, oldest);
  ASSERT_TRUE(feed.status.ok()) << feed.status.ToString();
  EXPECT_EQ(feed.commits.size(), last - oldest);
  EXPECT_EQ(ReadFeedAfter(*small, 0).commits.size(), last - oldest);
}

TEST_P(EngineContract, WaitsForACommit) {
  const Version before = MustCommit(engine(), {Put("a", "1")});
  EXPECT_EQ(engine().WaitForCommit(before, std::chrono::milliseconds(1)), before);

  Version seen = 0;
  std::thread waiter([&] { seen = engine().WaitForCommit(before, std::chrono::seconds(30)); });
  const Version after = MustCommit(engine(), {Put("a", "2")});
  waiter.join();

  EXPECT_EQ(seen, after);
}

TEST_P(EngineContract, RestoresABackupIntoAnEmptyStore) {
  for (int i = 0; i < 100; ++i) {
    MustCommit(engine(), {Put("k" + std::to_string(i % 60), std::string(2000, 'v'))});
  }
  const Version last = MustCommit(engine(), {Delete("k7")});
  Result<std::string> backup = BackupOf(engine());
  ASSERT_TRUE(backup.ok());
  const auto target = Open(folder_.path() + "/target", std::size_t{1} << 20);

  Result<RestoreResult> restored = RestoreFrom(*target, *backup);

  ASSERT_TRUE(restored.ok()) << restored.status().ToString();
  EXPECT_EQ(restored->rows, 59);
  EXPECT_EQ(restored->last_version, last);
  EXPECT_EQ(Digest(*target), Digest(engine()));
  EXPECT_NE(target->Describe().store_id, engine().Describe().store_id);
  EXPECT_EQ(target->Describe().last_version, last);
  EXPECT_EQ(target->Describe().oldest_watch_version, last);
  EXPECT_GT(MustCommit(*target, {Put("new", "1")}), last);
  EXPECT_EQ(ReadFeedAfter(*target, last).commits.size(), 1U);
}

TEST_P(EngineContract, RefusesToRestoreIntoAStoreWithKeys) {
  MustCommit(engine(), {Put("a", "1")});
  Result<std::string> backup = BackupOf(engine());

  EXPECT_EQ(RestoreFrom(engine(), *backup).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(ValueOf(engine(), "a"), "1");
}

TEST_P(EngineContract, RefusesADamagedBackupAndStaysEmpty) {
  std::vector<Mutation> puts;
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) keys.push_back("k" + std::to_string(i));
  const std::string value(300, 'v');
  for (const std::string& key : keys) puts.push_back(Put(key, value));
  MustCommit(engine(), puts);
  Result<std::string> backup = BackupOf(engine());
  const auto target = Open(folder_.path() + "/target", std::size_t{1} << 20);

  for (const std::size_t at : {std::size_t{10}, backup->size() / 2, backup->size() - 1}) {
    std::string flipped = *backup;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    EXPECT_EQ(RestoreFrom(*target, flipped).status().code(), Code::kDataLoss) << at;
  }
  for (const std::size_t size : {backup->size() - 1, backup->size() / 2, std::size_t{12}}) {
    EXPECT_EQ(RestoreFrom(*target, backup->substr(0, size)).status().code(), Code::kDataLoss);
  }
  EXPECT_EQ(RestoreFrom(*target, *backup + "x").status().code(), Code::kDataLoss);
  EXPECT_EQ(RestoreFrom(*target, "not a backup").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Scan(*target).rows.size(), 0U);
  EXPECT_TRUE(RestoreFrom(*target, *backup).ok());
}

TEST_P(EngineContract, AnswersUnavailableAfterClose) {
  MustCommit(engine(), {Put("a", "1")});
  ASSERT_TRUE(engine().Close().ok());
  ASSERT_TRUE(engine().Close().ok());

  EXPECT_EQ(Commit(engine(), {Put("a", "2")}).status().code(), Code::kUnavailable);
  EXPECT_EQ(Get(engine(), "a").status().code(), Code::kUnavailable);
  EXPECT_EQ(Scan(engine()).status.code(), Code::kUnavailable);
  EXPECT_EQ(engine().OpenSnapshot({}).status().code(), Code::kUnavailable);
  EXPECT_EQ(engine().WaitForCommit(99, std::chrono::hours(1)), 1U);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EngineContract);

}  // namespace strata::storage::testing
