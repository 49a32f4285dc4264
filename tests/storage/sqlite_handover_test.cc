// A store that goes from one engine to another without being closed for long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/storage/sqlite_helpers.h"

namespace strata::storage::testing {
namespace {

using sqlite::StoreHandover;

sqlite::SqliteOptions In(const TempFolder& folder) {
  sqlite::SqliteOptions options;
  options.folder = folder.path();
  return options;
}

std::unique_ptr<Engine> MustAcquire(StoreHandover& handover) {
  Result<std::unique_ptr<Engine>> engine = handover.Acquire();
  EXPECT_TRUE(engine.ok()) << engine.status().ToString();
  return engine.ok() ? *std::move(engine) : nullptr;
}

void Release(std::unique_ptr<Engine> engine) { EXPECT_TRUE(engine->Release().ok()); }

TEST(SqliteHandover, TheNextEngineHasWhatWasCommittedUntilTheEnd) {
  TempFolder folder;
  std::unique_ptr<Engine> before = MustOpen(folder.path());
  MustCommit(*before, {Put("a", "1")});
  StoreHandover handover(In(folder));
  ASSERT_TRUE(handover.Prepare().ok());
  const Version last = MustCommit(*before, {Put("b", "2")}, "id");

  Release(std::move(before));
  const std::unique_ptr<Engine> after = MustAcquire(handover);

  ASSERT_NE(after, nullptr);
  EXPECT_EQ(*Get(*after, "b"), (Found{last, "2"}));
  EXPECT_TRUE(Commit(*after, {Put("b", "3")}, "id")->replayed);
  EXPECT_GT(MustCommit(*after, {Put("c", "4")}), last);
  EXPECT_EQ(ReadFeedAfter(*after, 0).commits.size(), 3U);
}

TEST(SqliteHandover, TheLogIsNotCopiedMeanwhile) {
  TempFolder folder;
  std::unique_ptr<Engine> before = MustOpen(folder.path());
  MustCommit(*before, {Put("a", std::string(100'000, 'x'))});
  StoreHandover handover(In(folder));
  ASSERT_TRUE(handover.Prepare().ok());

  Release(std::move(before));
  EXPECT_GT(std::filesystem::file_size(folder.path() + "/store.db-wal"), 100'000U);
  std::unique_ptr<Engine> after = MustAcquire(handover);

  ASSERT_TRUE(after->Close().ok());
  after = nullptr;
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/store.db-wal"));
  EXPECT_EQ(Get(*MustOpen(folder.path()), "a")->value.size(), 100'000U);
}

// The log starts anew, and its pages become others, after the next engine has read from it.
TEST(SqliteHandover, ALogThatStartsAnewIsNotTakenForADamagedOne) {
  TempFolder folder;
  sqlite::SqliteOptions options = In(folder);
  options.checkpoint_bytes = options.restart_bytes = 256 * 1024;
  std::unique_ptr<Engine> before = MustOpen(options);
  MustCommit(*before, {Put("a", "1")});
  StoreHandover handover(options);
  ASSERT_TRUE(handover.Prepare().ok());
  for (int i = 0; i < 40; ++i) {
    MustCommit(*before, {Put("k" + std::to_string(i), std::string(20'000, 'x'))});
  }

  Release(std::move(before));
  const std::unique_ptr<Engine> after = MustAcquire(handover);

  ASSERT_NE(after, nullptr);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(Get(*after, "k" + std::to_string(i))->value.size(), 20'000U);
  }
}

TEST(SqliteHandover, NobodyTakesAStoreThatIsInUse) {
  TempFolder folder;
  const std::unique_ptr<Engine> owner = MustOpen(folder.path());
  StoreHandover handover(In(folder));
  ASSERT_TRUE(handover.Prepare().ok());

  EXPECT_EQ(handover.Acquire().status().code(), Code::kFailedPrecondition);

  MustCommit(*owner, {Put("a", "1")});
  EXPECT_EQ(Get(*owner, "a")->value, "1");
}

TEST(SqliteHandover, WhoIsThrownAwayLeavesTheOwnerItsLog) {
  TempFolder folder;
  const std::unique_ptr<Engine> owner = MustOpen(folder.path());
  MustCommit(*owner, {Put("a", "1")});
  {
    StoreHandover handover(In(folder));
    ASSERT_TRUE(handover.Prepare().ok());
  }

  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/store.db-wal"));
  MustCommit(*owner, {Put("b", "2")});
  EXPECT_EQ(Get(*owner, "a")->value, "1");
}

TEST(SqliteHandover, AStoreThatIsNotThereIsMadeByAcquire) {
  TempFolder folder;
  StoreHandover handover(In(folder));

  EXPECT_FALSE(handover.Prepare().ok());
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/store.db"));

  const std::unique_ptr<Engine> engine = MustAcquire(handover);
  ASSERT_NE(engine, nullptr);
  EXPECT_GT(MustCommit(*engine, {Put("a", "1")}), 0U);
}

}  // namespace
}  // namespace strata::storage::testing
