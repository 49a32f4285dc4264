#pragma once

#include "tests/storage/engine_contract.h"

// What every engine promises about commits.
namespace strata::storage::testing {

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

}  // namespace strata::storage::testing
