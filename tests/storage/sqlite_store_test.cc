// The folder of a store: who may open it, what it keeps, what it forgets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "storage/memory/memory_engine.h"
#include "storage/sqlite/schema.h"
#include "tests/storage/sqlite_helpers.h"

namespace strata::storage::testing {
namespace {

using ::testing::HasSubstr;

Status OpenStatus(const std::string& folder) {
  sqlite::SqliteOptions options;
  options.folder = folder;
  return sqlite::OpenSqliteEngine(options).status();
}

void RunSql(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
}

TEST(SqliteStore, KeepsEverythingOverARestart) {
  TempFolder folder;
  std::unique_ptr<Engine> engine = MustOpen(folder.path());
  const std::string store_id = engine->Describe().store_id;
  const Version version = MustCommit(*engine, {Put("a", "1")}, "id");
  engine = nullptr;

  engine = MustOpen(folder.path());

  EXPECT_EQ(engine->Describe().store_id, store_id);
  EXPECT_EQ(*Get(*engine, "a"), (Found{version, "1"}));
  EXPECT_TRUE(Commit(*engine, {Put("a", "2")}, "id")->replayed);
  EXPECT_EQ(ReadFeedAfter(*engine, 0).commits.size(), 1U);
  EXPECT_GT(MustCommit(*engine, {Put("b", "1")}), version);
}

TEST(SqliteStore, ACleanStopLeavesNoLog) {
  TempFolder folder;
  std::unique_ptr<Engine> engine = MustOpen(folder.path());
  MustCommit(*engine, {Put("a", "1")});
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/store.db-wal"));

  ASSERT_TRUE(engine->Close().ok());
  engine = nullptr;

  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/store.db-wal"));
}

TEST(SqliteStore, IsForOneAtATime) {
  TempFolder folder;
  std::unique_ptr<Engine> engine = MustOpen(folder.path());

  const Status second = OpenStatus(folder.path());

  EXPECT_EQ(second.code(), Code::kFailedPrecondition);
  EXPECT_THAT(second.message(), HasSubstr("process " + std::to_string(getpid())));
  engine = nullptr;
  EXPECT_TRUE(OpenStatus(folder.path()).ok());
}

TEST(SqliteStore, RefusesAFolderThatCannotBe) {
  TempFolder folder;
  std::ofstream(folder.path() + "/file") << "x";
  EXPECT_EQ(OpenStatus(folder.path() + "/file/store").code(), Code::kPermissionDenied);
  EXPECT_EQ(OpenStatus("").code(), Code::kInvalidArgument);
}

TEST(SqliteStore, RefusesFilesOfOthersAndOfTheFuture) {
  TempFolder folder;
  RunSql(folder.path() + "/store.db", "CREATE TABLE other(x)");
  EXPECT_EQ(OpenStatus(folder.path()).code(), Code::kFailedPrecondition);

  TempFolder later;
  RunSql(later.path() + "/store.db",
         "CREATE TABLE kv(x); PRAGMA user_version=99; PRAGMA application_id=" +
             std::to_string(sqlite::kApplicationId));
  EXPECT_THAT(OpenStatus(later.path()).message(), HasSubstr("format 99"));
}

TEST(SqliteStore, ForgetsRequestIdsAfterOneToTwoDays) {
  TempFolder folder;
  std::atomic<std::int64_t> now{1'700'000'000'000'000};
  sqlite::SqliteOptions options;
  options.folder = folder.path();
  options.clock.wall_us = [&now] { return now.load(); };
  std::unique_ptr<Engine> engine = MustOpen(options);
  const std::int64_t hour = std::int64_t{3600} * 1'000'000;
  MustCommit(*engine, {Put("a", "1")}, "first");

  now += 23 * hour;
  EXPECT_TRUE(Commit(*engine, {Put("a", "1")}, "first")->replayed);
  now += 2 * hour;
  MustCommit(*engine, {Put("b", "1")}, "second");
  engine = nullptr;
  engine = MustOpen(options);
  EXPECT_TRUE(Commit(*engine, {Put("a", "1")}, "first")->replayed)
      << "25 hours are well within two days";
  now += 25 * hour;
  MustCommit(*engine, {Put("b", "1")}, "third");
  EXPECT_FALSE(Commit(*engine, {Put("a", "1")}, "first")->replayed);
  EXPECT_TRUE(Commit(*engine, {Put("b", "1")}, "second")->replayed);
}

TEST(SqliteStore, ForgetsCommitsThatAreTooOldToWatch) {
  TempFolder folder;
  std::atomic<std::int64_t> now{1'700'000'000'000'000};
  sqlite::SqliteOptions options;
  options.folder = folder.path();
  options.clock.wall_us = [&now] { return now.load(); };
  options.feed_age = std::chrono::hours(1);
  const std::unique_ptr<Engine> engine = MustOpen(options);
  const std::string prefix(1000, 'p');
  const auto write = [&] {
    for (int i = 0; i < 300; ++i) {
      const std::string key = std::to_string(i) + prefix;
      MustCommit(*engine, {Put(key, "v")});
    }
  };
  write();
  const Version old = engine->Describe().last_version;
  now += std::int64_t{2} * 3600 * 1'000'000;
  write();

  EXPECT_EQ(ReadFeedAfter(*engine, 1).status.code(), Code::kOutOfRange);
  EXPECT_EQ(engine->Describe().oldest_watch_version, old);
  EXPECT_EQ(ReadFeedAfter(*engine, old).commits.size(), 300U);
}

TEST(Backup, MovesBetweenEngines) {
  TempFolder folder;
  const std::unique_ptr<Engine> sqlite = MustOpen(folder.path());
  const auto memory = memory::OpenMemoryEngine();
  for (int i = 0; i < 300; ++i) {
    MustCommit(*sqlite, {Put("k" + std::to_string(i % 200), std::string(1000, 'v')), Delete("k7")});
  }

  ASSERT_TRUE(RestoreFrom(*memory, *BackupOf(*sqlite)).ok());
  EXPECT_EQ(Digest(*memory), Digest(*sqlite));
  MustCommit(*memory, {Put("more", "1")});
  TempFolder other;
  const std::unique_ptr<Engine> back = MustOpen(other.path());
  ASSERT_TRUE(RestoreFrom(*back, *BackupOf(*memory)).ok());

  EXPECT_EQ(Digest(*back), Digest(*memory));
  EXPECT_EQ(back->Describe().last_version, memory->Describe().last_version);
}

}  // namespace
}  // namespace strata::storage::testing
