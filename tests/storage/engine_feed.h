#pragma once

#include <thread>

#include "storage/api/mutation_spool.h"
#include "tests/storage/engine_contract.h"

// What every engine promises about its feed of commits, backups and its end.
namespace strata::storage::testing {

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
