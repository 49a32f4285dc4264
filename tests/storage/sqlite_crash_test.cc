// What a store holds after its process, its disk's power or its disk's space is gone.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "core/base/mutex.h"
#include "tests/storage/power_cut.h"
#include "tests/storage/sqlite_helpers.h"

namespace strata::storage::testing {
namespace {

using sqlite::IoFault;
using sqlite::IoFile;

constexpr int kWriters = 4;

// Each commit writes two keys that belong together.
std::string Name(int round, int writer, int number) {
  return std::to_string(round) + "/" + std::to_string(writer) + "/" + std::to_string(number);
}

Result<CommitResult> CommitPair(Engine& engine, const std::string& name) {
  const std::string left = "left/" + name;
  const std::string right = "right/" + name;
  const std::string value(200, 'v');
  return Commit(engine, {Put(left, value), Put(right, value)}, name);
}

std::set<std::string> Names(Engine& engine, const std::string& side) {
  std::set<std::string> names;
  const std::string end = side + "0";  // '0' follows '/'
  const Scanned scanned = ScanRange(engine, side + "/", end);
  EXPECT_TRUE(scanned.status.ok()) << scanned.status.ToString();
  for (const ScannedRow& row : scanned.rows) names.insert(row.key.substr(side.size() + 1));
  return names;
}

void ExpectWholeAndAll(Engine& engine, const std::set<std::string>& acknowledged) {
  const std::set<std::string> left = Names(engine, "left");
  EXPECT_EQ(left, Names(engine, "right")) << "a commit is half there";
  for (const std::string& name : acknowledged) {
    EXPECT_TRUE(left.contains(name)) << "lost " << name;
  }
}

// In the child: commits for ever, and tells each answer on the pipe.
[[noreturn]] void CommitUntilKilled(const std::string& folder, int round, int pipe) {
  const std::unique_ptr<Engine> engine = MustOpen(folder);
  if (engine == nullptr) _exit(1);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int number = 0;; ++number) {
        const std::string name = Name(round, writer, number);
        if (!CommitPair(*engine, name).ok()) _exit(2);
        const std::string line = name + "\n";  // shorter than PIPE_BUF: one write, never torn
        if (write(pipe, line.data(), line.size()) < 0) _exit(3);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  _exit(0);
}

// The names that came through the pipe until it closed. The child is killed after some of them.
std::set<std::string> ReadNames(int pipe, pid_t child, std::size_t kill_after) {
  std::string text;
  char buffer[4096];
  std::size_t lines = 0;
  for (ssize_t size = 0; (size = read(pipe, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(size));
    lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (lines >= kill_after) kill(child, SIGKILL);
  }
  std::set<std::string> names;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    names.insert(text.substr(at, end - at));
  }
  return names;
}

TEST(SqliteCrash, KillKeepsEveryAcknowledgedCommit) {
  TempFolder folder;
  std::mt19937 random(7);
  std::set<std::string> acknowledged;
  for (int round = 0; round < 12; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(pipe_ends[0]);
      CommitUntilKilled(folder.path(), round, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    acknowledged.merge(ReadNames(pipe_ends[0], child, 1 + random() % 200));
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;

    const std::unique_ptr<Engine> engine = MustOpen(folder.path());
    ASSERT_NE(engine, nullptr);
    ExpectWholeAndAll(*engine, acknowledged);
    // What was answered is also remembered.
    EXPECT_TRUE(CommitPair(*engine, *acknowledged.begin())->replayed);
  }
  EXPECT_GT(acknowledged.size(), 12U);
}

TEST(SqliteCrash, PowerCutKeepsEveryAcknowledgedCommit) {
  std::mt19937 random(11);
  int cuts = 0;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    TempFolder folder;
    base::Mutex mutex;
    std::set<std::string> acknowledged;
    std::set<std::string> before_cut;
    PowerCut disk(seed, 10 + static_cast<int>(random() % 600), [&] {
      base::MutexLock lock(mutex);
      before_cut = acknowledged;
    });
    sqlite::SqliteOptions options;
    options.folder = folder.path() + "/running";
    options.io_hook = &disk;
    // Small, so that the cut often comes while the log is copied or starts anew.
    options.page_bytes = 4096;
    options.checkpoint_bytes = 64 << 10;
    options.restart_bytes = 128 << 10;
    const std::unique_ptr<Engine> engine = MustOpen(options);
    for (int number = 0; number < 400 && !disk.has_cut(); ++number) {
      const std::string name = Name(0, 0, number);
      ASSERT_TRUE(CommitPair(*engine, name).ok());
      base::MutexLock lock(mutex);
      acknowledged.insert(name);
    }
    if (!disk.has_cut()) continue;
    ++cuts;

    const std::string after = folder.path() + "/after";
    std::filesystem::create_directory(after);
    disk.Save(after);
    const std::unique_ptr<Engine> recovered = MustOpen(after);
    ASSERT_NE(recovered, nullptr) << "seed " << seed;
    ExpectWholeAndAll(*recovered, before_cut);
    EXPECT_TRUE(CommitPair(*recovered, "afterwards").ok());
  }
  EXPECT_GT(cuts, 20);
}

// A disk with room for so many bytes.
class SmallDisk final : public PassingHook {
 public:
  explicit SmallDisk(std::int64_t bytes) : left_(bytes) {}
  IoFault OnWrite(IoFile, std::int64_t, std::string_view bytes) override {
    const auto size = static_cast<std::int64_t>(bytes.size());
    if (left_.fetch_sub(size) >= size) return IoFault::kNone;
    left_ += size;
    return IoFault::kNoSpace;
  }
  void Grow(std::int64_t bytes) { left_ += bytes; }

 private:
  std::atomic<std::int64_t> left_;
};

// Commits from several threads until one is refused for want of space.
std::set<std::string> FillUp(Engine& engine, int round) {
  base::Mutex mutex;
  std::set<std::string> acknowledged;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int number = 0; number < 100'000; ++number) {
        const std::string name = Name(round, writer, number);
        const Result<CommitResult> result = CommitPair(engine, name);
        if (!result.ok()) {
          EXPECT_EQ(result.status().code(), Code::kResourceExhausted) << result.status().ToString();
          return;
        }
        base::MutexLock lock(mutex);
        acknowledged.insert(name);
      }
      ADD_FAILURE() << "the disk was never full";
    });
  }
  for (std::thread& writer : writers) writer.join();
  return acknowledged;
}

TEST(SqliteDiskFull, RefusesCommitsLosesNothingAndRecovers) {
  TempFolder folder;
  SmallDisk disk(3 << 20);
  std::set<std::string> acknowledged;
  {
    const std::unique_ptr<Engine> engine = MustOpen(folder.path(), &disk);
    for (int round = 0; round < 3; ++round) {
      acknowledged.merge(FillUp(*engine, round));
      ExpectWholeAndAll(*engine, acknowledged);
      EXPECT_EQ(CommitPair(*engine, "refused").status().code(), Code::kResourceExhausted);
      disk.Grow(1 << 20);
      EXPECT_TRUE(CommitPair(*engine, "accepted" + std::to_string(round)).ok());
    }
  }
  const std::unique_ptr<Engine> reopened = MustOpen(folder.path());
  ExpectWholeAndAll(*reopened, acknowledged);
  EXPECT_EQ(ValueOf(*reopened, "left/refused"), "<absent>");
}

TEST(SqliteDiskFull, SurvivesARealFullFileSystem) {
  TempFolder folder;
  // In a name space of mounts that only this process sees.
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("strata-test", folder.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
    GTEST_SKIP() << "may not mount a file system";
  }
  std::set<std::string> acknowledged;
  {
    const std::unique_ptr<Engine> engine = MustOpen(folder.path() + "/store");
    acknowledged = FillUp(*engine, 0);
    ExpectWholeAndAll(*engine, acknowledged);
  }
  {
    const std::unique_ptr<Engine> reopened = MustOpen(folder.path() + "/store");
    ASSERT_NE(reopened, nullptr);
    ExpectWholeAndAll(*reopened, acknowledged);
    ASSERT_EQ(mount("", folder.path().c_str(), "", MS_REMOUNT, "size=8m"), 0);
    EXPECT_TRUE(CommitPair(*reopened, "afterwards").ok());
  }
  umount(folder.path().c_str());
}

// A device whose syncs fail for a while.
class FailingSync final : public PassingHook {
 public:
  IoFault OnSync(IoFile file) override {
    return file == IoFile::kLog && failing.load() ? IoFault::kDevice : IoFault::kNone;
  }
  std::atomic<bool> failing{false};
};

TEST(SqliteDevice, AFailedSyncAcknowledgesNothing) {
  TempFolder folder;
  FailingSync device;
  const std::unique_ptr<Engine> engine = MustOpen(folder.path(), &device);
  ASSERT_TRUE(CommitPair(*engine, "before").ok());
  device.failing = true;
  EXPECT_EQ(CommitPair(*engine, "unknown").status().code(), Code::kUnavailable);
  EXPECT_EQ(ValueOf(*engine, "left/unknown"), "<absent>");
  device.failing = false;

  Result<CommitResult> again = CommitPair(*engine, "unknown");

  ASSERT_TRUE(again.ok()) << again.status().ToString();
  ExpectWholeAndAll(*engine, {"before", "unknown"});
}

}  // namespace
}  // namespace strata::storage::testing
