#pragma once

#include "tests/storage/engine_contract.h"

// What every engine promises about Ingest and Rewrite.
namespace strata::storage::testing {

// Mutations in memory, as a source.
class Changes final : public MutationSource {
 public:
  Changes(std::vector<Mutation> all)
      : all_(std::move(all)) {}  // NOLINT(google-explicit-constructor)
  Status Visit(const std::function<Status(const Mutation&)>& visit) override {
    for (const Mutation& mutation : all_) STRATA_RETURN_IF_ERROR(visit(mutation));
    return OkStatus();
  }
  std::uint64_t SizeBytes() const override { return all_.size() * 10; }

 private:
  const std::vector<Mutation> all_;
};

inline Mutation At(Version version, Mutation mutation) {
  mutation.version = version;
  return mutation;
}

// Takes over one commit, as one call.
inline Result<Version> Follow(Engine& engine, Version version, std::vector<Mutation> mutations) {
  Changes changes(std::move(mutations));
  IngestRequest request;
  request.commits.push_back({version, 17, &changes});
  request.up_to = version;
  return engine.Ingest(request);
}

inline Result<Version> Fill(Engine& engine, Version up_to, std::vector<Mutation> mutations,
                            std::optional<std::string_view> cursor = {}) {
  Changes rows(std::move(mutations));
  IngestRequest request;
  request.rows = &rows;
  request.up_to = up_to;
  request.restart_feed = true;
  request.cursor = cursor;
  return engine.Ingest(request);
}

TEST_P(EngineContract, FollowsCommitsWithTheirVersions) {
  ASSERT_EQ(*Follow(engine(), 5, {Put("a", "1"), Put("b", "1")}), 5U);
  ASSERT_EQ(*Follow(engine(), 6, {At(6, Put("b", "2")), Delete("a")}), 6U);
  ASSERT_EQ(*Follow(engine(), 9, {DeleteRange("x", ""), Put("y", "3")}), 9U);

  EXPECT_EQ(Scan(engine()).ToString(), "b=2 y=3");
  EXPECT_EQ(*Get(engine(), "b"), (Found{6, "2"}));
  const Feed feed = ReadFeedAfter(engine(), 5);
  ASSERT_TRUE(feed.status.ok()) << feed.status.ToString();
  ASSERT_EQ(feed.commits.size(), 2U);
  EXPECT_EQ(feed.commits[0].version, 6U);
  EXPECT_THAT(feed.commits[1].keys, ::testing::ElementsAre("x", "y"));
  EXPECT_EQ(MustCommit(engine(), {Put("z", "4")}), 10U);
}

TEST_P(EngineContract, RefusesToFollowWhatIsNotLater) {
  const Version version = MustCommit(engine(), {Put("a", "1")});

  EXPECT_EQ(Follow(engine(), version, {Put("a", "2")}).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(ValueOf(engine(), "a"), "1");
  EXPECT_TRUE(Follow(engine(), version + 1, {Put("a", "2")}).ok());
}

TEST_P(EngineContract, FollowsLargeCommitsWithoutGapsBetween) {
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back(std::string(100, 'k') + std::to_string(10000 + i));
  for (Version version = 1; version <= 4; ++version) {
    std::vector<Mutation> puts;
    for (const std::string& key : keys) puts.push_back(Put(key, "v"));
    const Result<Version> last = Follow(engine(), version, std::move(puts));
    ASSERT_TRUE(last.ok()) << last.status().ToString();
  }

  for (Version after = 0; after <= 4; ++after) {
    const Feed feed = ReadFeedAfter(engine(), after);
    ASSERT_TRUE(feed.status.ok()) << feed.status.ToString();
    ASSERT_EQ(feed.commits.size(), 4 - after);
    for (const SeenCommit& commit : feed.commits) EXPECT_EQ(commit.keys.size(), keys.size());
  }
  EXPECT_GT(MustCommit(engine(), {Put("z", "1")}), 4U);
}

TEST_P(EngineContract, IngestNeverReplacesALaterVersion) {
  ASSERT_TRUE(Fill(engine(), 9, {At(7, Put("a", "7")), At(3, Put("b", "3"))}).ok());
  ASSERT_TRUE(
      Fill(engine(), 9, {At(5, Put("a", "5")), At(5, Delete("a")), At(5, DeleteRange("", ""))})
          .ok());

  EXPECT_EQ(Scan(engine()).ToString(), "a=7");
  EXPECT_EQ(*Get(engine(), "a"), (Found{7, "7"}));
}

TEST_P(EngineContract, FillReplacesARangeAndBeginsTheFeedAnew) {
  MustCommit(engine(), {Put("a", "old"), Put("b", "old"), Put("c", "old")});

  const Result<Version> last =
      Fill(engine(), 8, {At(kAnyVersion, DeleteRange("a", "c")), At(4, Put("b", "4"))});

  ASSERT_TRUE(last.ok()) << last.status().ToString();
  EXPECT_EQ(*last, 8U);
  EXPECT_EQ(Scan(engine()).ToString(), "b=4 c=old");
  EXPECT_EQ(engine().Describe().last_version, 8U);
  EXPECT_EQ(engine().Describe().oldest_watch_version, 8U);
  EXPECT_EQ(ReadFeedAfter(engine(), 8).position.up_to, 8U);
  EXPECT_GT(MustCommit(engine(), {Put("d", "1")}), 8U);
}

TEST_P(EngineContract, AFillAtTheSameVersionIsSeenAtOnce) {
  ASSERT_TRUE(Fill(engine(), 5, {At(4, Put("a", "1"))}).ok());
  EXPECT_EQ(ValueOf(engine(), "a"), "1");
  const Result<Snapshot> snapshot = engine().OpenSnapshot({});
  ASSERT_TRUE(snapshot.ok());

  ASSERT_TRUE(Fill(engine(), 5, {At(5, Put("a", "2"))}).ok());

  EXPECT_EQ(ValueOf(engine(), "a"), "2");
  const Result<Snapshot> later = engine().OpenSnapshot({});
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(ValueOf(engine(), "a", later->token), "2");
}

TEST_P(EngineContract, KeepsTheCursorOfAnIngest) {
  EXPECT_EQ(engine().Describe().ingest_cursor, "");
  ASSERT_TRUE(Fill(engine(), 5, {At(4, Put("a", "1"))}, "at a").ok());
  EXPECT_EQ(engine().Describe().ingest_cursor, "at a");
  ASSERT_TRUE(Follow(engine(), 6, {Put("a", "2")}).ok());
  EXPECT_EQ(engine().Describe().ingest_cursor, "at a");
  EXPECT_EQ(Fill(engine(), 5, {}, std::string(5000, 'c')).status().code(), Code::kInvalidArgument);
}

TEST_P(EngineContract, RefusesPartsOfAnIngestThatDoNotFit) {
  Changes changes({Put("a", "1")});
  IngestRequest rows;
  rows.rows = &changes;
  rows.up_to = 3;
  EXPECT_EQ(engine().Ingest(rows).status().code(), Code::kInvalidArgument);
  IngestRequest disorder;
  disorder.commits = {{3, 0, &changes}, {2, 0, &changes}};
  disorder.up_to = 3;
  EXPECT_EQ(engine().Ingest(disorder).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(engine().Ingest({}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Scan(engine()).ToString(), "");
}

TEST_P(EngineContract, AnEmptyIngestMovesTheVersion) {
  IngestRequest request;
  request.up_to = 12;
  ASSERT_TRUE(engine().Ingest(request).ok());

  EXPECT_EQ(engine().Describe().last_version, 12U);
  EXPECT_EQ(ReadFeedAfter(engine(), 12).position.up_to, 12U);
  EXPECT_EQ(MustCommit(engine(), {Put("a", "1")}), 13U);
}

TEST_P(EngineContract, RewritesValuesAndNothingElse) {
  const Version version = MustCommit(engine(), {Put("a", "1"), Put("b", "1")});
  EXPECT_EQ(ValueOf(engine(), "a"), "1");
  std::vector<std::size_t> skipped;
  const std::vector<Replacement> rows = {{"a", version, {}, "one"},
                                         {"b", version, "other", "two"},
                                         {"b", version + 1, {}, "two"},
                                         {"c", version, {}, "three"}};

  const Status status =
      engine().Rewrite(rows, [&](std::size_t index) { skipped.push_back(index); });

  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_THAT(skipped, ::testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(*Get(engine(), "a"), (Found{version, "one"}));
  EXPECT_EQ(*Get(engine(), "b"), (Found{version, "1"}));
  EXPECT_EQ(engine().Describe().last_version, version);
  EXPECT_TRUE(ReadFeedAfter(engine(), version).commits.empty());
  const std::vector<Replacement> expected = {{"b", version, "1", "two"}};
  skipped.clear();
  ASSERT_TRUE(engine().Rewrite(expected, [&](std::size_t i) { skipped.push_back(i); }).ok());
  EXPECT_TRUE(skipped.empty());
  EXPECT_EQ(ValueOf(engine(), "b"), "two");
}

TEST_P(EngineContract, RewriteKeepsTheLimits) {
  const std::vector<Replacement> none = {{"a", 0, {}, "1"}};
  const auto skip = [](std::size_t) {};
  EXPECT_EQ(engine().Rewrite(none, skip).code(), Code::kInvalidArgument);
  const std::string value(engine().limits().max_value_bytes + 1, 'v');
  const std::vector<Replacement> large = {{"a", 1, {}, value}};
  EXPECT_EQ(engine().Rewrite(large, skip).code(), Code::kInvalidArgument);
}

}  // namespace strata::storage::testing
