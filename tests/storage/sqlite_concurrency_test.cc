// Many callers at once: shared syncs, isolation between them, bounded logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "core/base/mutex.h"
#include "tests/storage/sqlite_helpers.h"

namespace strata::storage::testing {
namespace {

using sqlite::IoFault;
using sqlite::IoFile;

void InParallel(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (std::thread& thread : running) thread.join();
}

// A disk whose log takes its time to sync, as real ones do, and counts.
class SlowDisk final : public PassingHook {
 public:
  IoFault OnSync(IoFile file) override {
    if (file == IoFile::kLog) {
      ++syncs;
      std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
    return IoFault::kNone;
  }
  std::atomic<int> syncs{0};
};

TEST(SqliteGroupCommit, ManyWritersShareASync) {
  TempFolder folder;
  SlowDisk disk;
  const std::unique_ptr<Engine> engine = MustOpen(folder.path(), &disk);
  const int before = disk.syncs;
  constexpr int kWriters = 64;
  constexpr int kEach = 40;

  InParallel(kWriters, [&](int writer) {
    for (int i = 0; i < kEach; ++i) {
      MustCommit(*engine, {Put(std::to_string(writer) + "/" + std::to_string(i), "v")});
    }
  });

  const int syncs = disk.syncs - before;
  EXPECT_GE(kWriters * kEach, 20 * syncs) << syncs << " syncs";
  EXPECT_EQ(Scan(*engine).rows.size(), static_cast<std::size_t>(kWriters * kEach));
}

TEST(SqliteGroupCommit, AFailedPreconditionAbortsOnlyItsOwnCommit) {
  TempFolder folder;
  SlowDisk disk;
  const std::unique_ptr<Engine> engine = MustOpen(folder.path(), &disk);
  std::atomic<int> aborted{0};

  InParallel(16, [&](int writer) {
    for (int i = 0; i < 20; ++i) {
      const std::string key = std::to_string(writer) + "/" + std::to_string(i);
      const std::string second = key + "/2";
      CommitRequest request;
      request.mutations = {Put(key, "v"), Put(second, "v")};
      const bool refuse = (writer + i) % 2 == 0;
      if (refuse) request.preconditions = {{Precondition::Kind::kKeyPresent, "none", "", 0}};
      const Code code = engine->Commit(request).status().code();
      EXPECT_EQ(code, refuse ? Code::kAborted : Code::kOk);
      if (code == Code::kAborted) ++aborted;
    }
  });

  EXPECT_EQ(aborted, 160);
  EXPECT_EQ(Scan(*engine).rows.size(), 320U);
}

// A source that breaks in the middle, after it has written something.
class BrokenSource final : public MutationSource {
 public:
  Status Visit(const std::function<Status(const Mutation&)>& visit) override {
    STRATA_RETURN_IF_ERROR(visit(Put("half", "v")));
    return Unavailable("the file is gone");
  }
  std::uint64_t SizeBytes() const override { return 5; }
};

TEST(SqliteGroupCommit, ACommitThatBreaksTakesNoOtherWithIt) {
  TempFolder folder;
  SlowDisk disk;
  const std::unique_ptr<Engine> engine = MustOpen(folder.path(), &disk);

  InParallel(8, [&](int writer) {
    for (int i = 0; i < 10; ++i) {
      if (writer == 0) {
        BrokenSource source;
        CommitRequest request;
        request.more = &source;
        EXPECT_EQ(engine->Commit(request).status().code(), Code::kUnavailable);
      } else {
        MustCommit(*engine, {Put(std::to_string(writer) + "/" + std::to_string(i), "v")});
      }
    }
  });

  EXPECT_EQ(ValueOf(*engine, "half"), "<absent>");
  EXPECT_EQ(Scan(*engine).rows.size(), 70U);
}

// One successful compare-and-set of a register.
struct Step {
  Version from;
  Version to;
  bool operator<(const Step& other) const { return to < other.to; }
};

TEST(SqliteConcurrency, RegistersAreLinearizable) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(folder.path());
  constexpr int kRegisters = 3;
  base::Mutex mutex;
  std::map<std::string, std::vector<Step>> history;

  InParallel(8, [&](int writer) {
    std::mt19937 random(static_cast<std::uint32_t>(writer));
    std::map<std::string, Version> seen;
    for (int i = 0; i < 150; ++i) {
      const std::string key = "r" + std::to_string(random() % kRegisters);
      Result<Found> found = Get(*engine, key);
      ASSERT_TRUE(found.ok());
      ASSERT_GE(found->version, seen[key]) << "time went backwards";
      seen[key] = found->version;
      const std::string value = std::to_string(found->version);
      CommitRequest request;
      request.mutations = {Put(key, value)};
      using Kind = Precondition::Kind;
      request.preconditions = {found->version == 0
                                   ? Precondition{Kind::kKeyAbsent, key, "", 0}
                                   : Precondition{Kind::kKeyAtVersion, key, "", found->version}};
      Result<CommitResult> result = engine->Commit(request);
      if (!result.ok()) continue;
      // What was answered is seen by every read that begins later.
      ASSERT_GE(Get(*engine, key)->version, result->version);
      seen[key] = result->version;
      base::MutexLock lock(mutex);
      history[key].push_back({found->version, result->version});
    }
  });

  for (auto& [key, steps] : history) {
    std::sort(steps.begin(), steps.end());
    Version last = 0;
    for (const Step& step : steps) {
      EXPECT_EQ(step.from, last) << key << ": an update was lost";
      last = step.to;
    }
    EXPECT_EQ(Get(*engine, key)->version, last);
  }
}

TEST(SqliteConcurrency, ReadersSeeWholeCommits) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(folder.path());
  MustCommit(*engine, {Put("a", "0"), Put("b", "0")});
  std::atomic<bool> stop{false};

  InParallel(4, [&](int thread) {
    if (thread == 0) {
      for (int i = 1; i < 300; ++i) {
        const std::string value = std::to_string(i);
        MustCommit(*engine, {Put("a", value), Put("b", value)});
      }
      stop = true;
      return;
    }
    const std::vector<std::string_view> keys = {"a", "b"};
    while (!stop) {
      std::vector<std::string> values;
      ASSERT_TRUE(engine
                      ->Get(keys, {},
                            [&](std::size_t, Version, std::string_view value) {
                              values.emplace_back(value);
                            })
                      .ok());
      ASSERT_EQ(values[0], values[1]);
      const Scanned scanned = Scan(*engine);
      ASSERT_EQ(scanned.rows[0].value, scanned.rows[1].value);
    }
  });
}

sqlite::SqliteOptions SmallLog(const std::string& folder) {
  sqlite::SqliteOptions options;
  options.folder = folder;
  options.checkpoint_bytes = 256 << 10;
  options.restart_bytes = 512 << 10;
  options.expire_bytes = 4 << 20;
  options.brief_view = std::chrono::seconds(0);
  return options;
}

// Each commit takes some 40 KiB of the log.
void Write(Engine& engine, int commits) {
  std::mt19937 random(1);
  const std::string value(8000, 'v');
  for (int i = 0; i < commits; ++i) {
    MustCommit(engine, {Put("k" + std::to_string(random() % 500), value)});
  }
}

TEST(SqliteLog, StaysBoundedUnderLoad) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(SmallLog(folder.path()));

  Write(*engine, 1000);

  EXPECT_LT(std::filesystem::file_size(folder.path() + "/store.db-wal"), 2U << 20);
}

// Those who read come back with the view they had, and must not keep the log from starting anew.
TEST(SqliteLog, StaysBoundedBesideReaders) {
  TempFolder folder;
  sqlite::SqliteOptions options = SmallLog(folder.path());
  options.brief_view = std::chrono::minutes(1);
  const std::unique_ptr<Engine> engine = MustOpen(std::move(options));
  Write(*engine, 50);
  std::atomic<bool> stop{false};
  std::uintmax_t largest = 0;

  InParallel(3, [&](int thread) {
    if (thread == 0) {
      for (int i = 0; i < 40; ++i) {
        Write(*engine, 20);
        largest = std::max(largest, std::filesystem::file_size(folder.path() + "/store.db-wal"));
      }
      stop = true;
      return;
    }
    for (int i = 0; !stop; ++i) {
      static_cast<void>(Get(*engine, "k" + std::to_string((7 * i + thread) % 500)));
      if (i % 200 == 0) static_cast<void>(Scan(*engine));
    }
  });

  EXPECT_LT(largest, 2U << 20);
  EXPECT_EQ(engine->GetStats().expired_views, 0U);
}

TEST(SqliteLog, EndsASnapshotThatHoldsItUpTooLong) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(SmallLog(folder.path()));
  MustCommit(*engine, {Put("a", "1")});
  Result<Snapshot> snapshot = engine->OpenSnapshot(std::chrono::minutes(10));

  Write(*engine, 30);
  EXPECT_EQ(ValueOf(*engine, "a", snapshot->token), "1");
  Write(*engine, 1000);

  EXPECT_EQ(Get(*engine, "a", snapshot->token).status().code(), Code::kNotFound);
  EXPECT_EQ(engine->GetStats().expired_views, 1U);
  EXPECT_LT(std::filesystem::file_size(folder.path() + "/store.db-wal"), 8U << 20);
  EXPECT_TRUE(engine->OpenSnapshot({}).ok());
}

TEST(SqliteLog, EndsAScanThatStandsStill) {
  TempFolder folder;
  const std::unique_ptr<Engine> engine = MustOpen(SmallLog(folder.path()));
  Write(*engine, 60);

  int chunks = 0;
  const Status status = engine->Scan(ScanOptions(), [&](ScanChunk&) {
    if (++chunks == 1) Write(*engine, 1000);
    return OkStatus();
  });

  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(chunks, 1);
}

}  // namespace
}  // namespace strata::storage::testing
