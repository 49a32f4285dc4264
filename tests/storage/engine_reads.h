#pragma once

#include "tests/storage/engine_contract.h"

// What every engine promises about reads, scans and snapshots.
namespace strata::storage::testing {

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

}  // namespace strata::storage::testing
