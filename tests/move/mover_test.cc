// The live move: equal by digest, under writers, across interruptions; and what it refuses.
#include "storage/replica/mover.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "tests/support/faulty_hosting.h"
#include "tests/support/hosting_calls.h"
#include "tests/support/hosting_stack.h"
#include "tests/support/turns.h"

extern "C" const strata_plugin* strata_plugin_hosting_memory(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_sqlite(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_mirror(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_hosting_encrypted(uint32_t host_abi_minor);

namespace strata::testing {
namespace {

namespace v1 = strata::hosting::v1;
using storage::replica::MoveOptions;
using storage::replica::MoveProgress;
using storage::replica::Mover;

constexpr int kRows = 10'000;
// Enough for some slices of each kind of store.
constexpr int kRowsOfPairs = 4'000;
// Commits while the mover makes one step: a store in memory takes more than any disk can follow.
constexpr int kCommitsPerStep = 40;

// Writers that keep step with the mover, however slow the machine makes either, and keep a log of
// what was answered, to be compared with what is stored in the end.
class Writers {
 public:
  Writers(v1::HostingClient client, int threads) : client_(std::move(client)) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, i] { Run(static_cast<unsigned>(i)); });
    }
  }
  ~Writers() { Stop(); }

  // The mover has gone on: so may they, once they have done what the step before allowed.
  void GoOn() {
    turns_.AwaitTaken();
    turns_.Give(kCommitsPerStep);
  }
  void Stop() {
    turns_.End();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  int commits() { return turns_.taken(); }
  // What a key must hold: "" when it was deleted last. After Stop.
  const std::map<std::string, std::string>& log() const { return log_; }

 private:
  // Each thread has keys of its own, all over the range, so that the log knows their order.
  void Run(unsigned number) {
    std::mt19937 random(number);
    const Context context = Context::Background(std::chrono::minutes(5));
    std::map<std::string, std::string> mine;
    for (int i = 0; turns_.Take(); ++i) {
      const std::string key =
          "row/" + std::to_string(random() % kRows) + "/" + std::to_string(number);
      const std::string value = std::to_string(i) + std::string(random() % 300, 'w');
      v1::CommitRequest request;
      if (random() % 5 == 0) {
        request.add_mutations()->set_delete_key(key);
        mine[key] = "";
      } else if (random() % 50 == 0) {
        // All of this thread's rows under one number, and nothing else.
        request.add_mutations()->mutable_delete_range()->set_begin(key);
        request.mutable_mutations(0)->mutable_delete_range()->set_end(key + '\0');
        mine[key] = "";
      } else {
        request.add_mutations()->mutable_put()->set_key(key);
        request.mutable_mutations(0)->mutable_put()->set_value(value);
        mine[key] = value;
      }
      v1::CommitResponse response;
      const Status status = client_.Commit(context, request, &response);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    log_.insert(mine.begin(), mine.end());
  }

  const v1::HostingClient client_;
  Turns turns_;
  std::mutex mutex_;
  std::map<std::string, std::string> log_;
  std::vector<std::thread> threads_;
};

class MoverTest : public ::testing::Test {
 protected:
  ~MoverTest() override { TheFaults().Clear(); }

  void Begin(std::vector<HostingLayer> layers) {
    stack_ = std::make_unique<HostingStack>(std::move(layers));
    const Status status = stack_->Start();
    ASSERT_TRUE(status.ok()) << status.ToString();
    Connect();
  }
  void Connect() {
    source_ = std::make_unique<v1::HostingClient>(stack_->Client("source"));
    target_ = std::make_unique<v1::HostingClient>(stack_->Client("target"));
  }
  void Load(int rows = kRows) {
    std::vector<std::pair<std::string, std::string>> entries;
    for (int i = 0; i < rows; ++i) {
      entries.emplace_back("row/" + std::to_string(i), std::string(100, 'v'));
      if (entries.size() < 1000 && i + 1 < rows) continue;
      ASSERT_TRUE(CommitPuts(*source_, context(), entries).ok());
      entries.clear();
    }
  }
  const Context& context() { return stack_->context(); }
  Mover MakeMover(MoveOptions options = {}) {
    options.pace.most = options.pace.share = 0.9;
    options.slice_bytes = 64 << 10;
    return Mover({source_.get(), target_.get()}, std::move(options));
  }
  void ExpectMoved(const Mover& mover) {
    const std::string digest = DigestOf(*source_, context());
    EXPECT_EQ(DigestOf(*target_, context()), digest);
    EXPECT_EQ(mover.source().ToString(), digest);
    EXPECT_EQ(mover.target().ToString(), digest);
    EXPECT_EQ(DescribeStore(*target_, context()).last_version(),
              DescribeStore(*source_, context()).last_version());
  }

  static HostingLayer Memory(const char* slot) { return {slot, strata_plugin_hosting_memory}; }
  static HostingLayer Sqlite(const char* slot) { return {slot, strata_plugin_hosting_sqlite}; }
  static HostingLayer Mirror(const char* slot, const char* first, const char* second) {
    return {slot, strata_plugin_hosting_mirror, "{}", {{"primary", first}, {"secondary", second}}};
  }
  static HostingLayer Encrypted(const char* slot, const char* store) {
    return {slot,
            strata_plugin_hosting_encrypted,
            R"({"keys":[{"id":"k","command":["/usr/bin/printf","%064d","7"]}]})",
            {{"store", store}}};
  }

  std::unique_ptr<HostingStack> stack_;
  std::unique_ptr<v1::HostingClient> source_;
  std::unique_ptr<v1::HostingClient> target_;
};

class MoverPairs : public MoverTest, public ::testing::WithParamInterface<int> {
 protected:
  static std::vector<HostingLayer> Layers(int pair) {
    switch (pair) {
      case 0:
        return {Memory("source"), Sqlite("target")};
      case 1:
        return {Sqlite("source"), Memory("target")};
      case 2:
        return {Sqlite("source"), Sqlite("disk"), Encrypted("target", "disk")};
      case 3:
        return {Sqlite("disk"), Encrypted("source", "disk"), Memory("a"), Memory("b"),
                Mirror("target", "a", "b")};
      default:
        return {Memory("a"), Memory("b"), Mirror("source", "a", "b"), Sqlite("target")};
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, MoverPairs, ::testing::Range(0, 5));

TEST_P(MoverPairs, MovesEverythingUnderWrites) {
  Begin(Layers(GetParam()));
  Load(kRowsOfPairs);
  Writers writers(stack_->Client("source"), 3);
  MoveOptions options;
  options.report = [&](const MoveProgress&) {
    writers.GoOn();
    return true;
  };
  Mover mover = MakeMover(options);

  Status status = mover.Copy(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  writers.Stop();
  EXPECT_GT(writers.commits(), kCommitsPerStep);
  status = mover.Finish(context());
  ASSERT_TRUE(status.ok()) << status.ToString();

  ExpectMoved(mover);
  for (const auto& [key, value] : writers.log()) {
    ASSERT_EQ(ValueAt(*target_, context(), key), value.empty() ? "<absent>" : value);
  }
  const Result<std::uint64_t> next = CommitPuts(*target_, context(), {{"after", "1"}});
  ASSERT_TRUE(next.ok()) << next.status().ToString();
  EXPECT_GT(*next, DescribeStore(*source_, context()).last_version());
}

TEST_F(MoverTest, WatchersGoOnWhereTheyWere) {
  Begin({Sqlite("source"), Sqlite("target")});
  Load(1000);
  Mover mover = MakeMover();
  ASSERT_TRUE(mover.Copy(context()).ok());
  const Result<std::uint64_t> before = CommitPuts(*source_, context(), {{"a", "1"}});
  ASSERT_TRUE(CommitPuts(*source_, context(), {{"b", "2"}}).ok());
  ASSERT_TRUE(mover.Finish(context()).ok());

  v1::WatchRequest watch;
  watch.set_after_version(*before);
  watch.set_stop_at_end(true);
  std::vector<std::string> keys;
  const Status status = target_->Watch(context(), watch, [&](v1::WatchResponse& response) {
    for (const v1::CommitEvent& commit : response.commits()) {
      for (const v1::Change& change : commit.changes()) keys.push_back(change.key());
    }
    return true;
  });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(keys, std::vector<std::string>{"b"});
}

TEST_F(MoverTest, ATargetThatFailsIsTriedAgainWhereItWas) {
  Begin({Sqlite("source"),
         Sqlite("disk"),
         {"target", strata_plugin_faulty_hosting, "{}", {{"store", "disk"}}}});
  Load();
  TheFaults().writes_left = 10;
  Mover first = MakeMover();
  EXPECT_EQ(first.Copy(context()).code(), Code::kUnavailable);
  const std::string note = DescribeStore(*target_, context()).ingest_cursor();
  const auto cursor = storage::replica::DecodeCursor(note);
  ASSERT_TRUE(cursor.ok());
  EXPECT_GT(cursor->rows, 0U);
  EXPECT_LT(cursor->rows, static_cast<std::uint64_t>(kRows));
  ASSERT_TRUE(CommitPuts(*source_, context(), {{"row/1", "changed meanwhile"}}).ok());
  TheFaults().Clear();

  std::uint64_t least_rows = ~std::uint64_t{0};
  MoveOptions options;
  options.report = [&](const MoveProgress& progress) {
    if (progress.step == "copy") least_rows = std::min(least_rows, progress.rows);
    return true;
  };
  Mover second = MakeMover(options);
  Status status = second.Copy(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  status = second.Finish(context());
  ASSERT_TRUE(status.ok()) << status.ToString();

  EXPECT_GE(least_rows, cursor->rows);
  ExpectMoved(second);
}

TEST_F(MoverTest, ARestartOfBothStoresInTheMiddleLosesNothing) {
  Begin({Sqlite("source"), Sqlite("target")});
  Load();
  MoveOptions options;
  options.report = [](const MoveProgress& progress) { return progress.rows < kRows / 2; };
  Mover first = MakeMover(options);
  EXPECT_EQ(first.Copy(context()).code(), Code::kCancelled);
  ASSERT_TRUE(stack_->Restart().ok());
  Connect();
  ASSERT_TRUE(CommitPuts(*source_, context(), {{"row/1", "changed"}, {"row/9", "changed"}}).ok());

  Mover second = MakeMover();
  ASSERT_TRUE(second.Copy(context()).ok());
  ASSERT_TRUE(second.Finish(context()).ok());
  ExpectMoved(second);
}

TEST_F(MoverTest, AnInterruptedFollowerGoesOnFollowing) {
  Begin({Sqlite("source"), Sqlite("target")});
  Load(3000);
  Mover first = MakeMover();
  ASSERT_TRUE(first.Copy(context()).ok());
  ASSERT_TRUE(stack_->Restart().ok());
  Connect();
  ASSERT_TRUE(CommitPuts(*source_, context(), {{"row/1", "changed"}}).ok());

  Mover second = MakeMover();
  ASSERT_TRUE(second.Copy(context()).ok());
  ASSERT_TRUE(second.Finish(context()).ok());
  ExpectMoved(second);
}

TEST_F(MoverTest, TheWayBackIsShort) {
  Begin({Sqlite("source"), Sqlite("target")});
  Load(3000);
  Mover there = MakeMover();
  ASSERT_TRUE(there.Copy(context()).ok());
  ASSERT_TRUE(there.Finish(context()).ok());
  ASSERT_TRUE(CommitPuts(*target_, context(), {{"row/1", "after the move"}}).ok());

  std::swap(source_, target_);
  bool copied = false;
  MoveOptions options;
  options.report = [&](const MoveProgress& progress) {
    copied = copied || (progress.step == "copy");
    return true;
  };
  Mover back = MakeMover(options);
  const Status status = back.Copy(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_TRUE(back.Finish(context()).ok());
  EXPECT_FALSE(copied);
  ExpectMoved(back);
  EXPECT_EQ(ValueAt(*target_, context(), "row/1"), "after the move");
}

TEST_F(MoverTest, ACopyThatLosesARowIsFound) {
  Begin({Sqlite("source"),
         Sqlite("disk"),
         {"target", strata_plugin_faulty_hosting, "{}", {{"store", "disk"}}}});
  Load(3000);
  TheFaults().lose = true;
  const std::string before = DigestOf(*source_, context());

  Mover mover = MakeMover();
  const Status status = mover.Copy(context());

  EXPECT_EQ(status.code(), Code::kDataLoss) << status.ToString();
  EXPECT_EQ(DigestOf(*source_, context()), before);
}

TEST_F(MoverTest, ATargetThatSomebodyElseChangesIsFound) {
  Begin({Sqlite("source"), Sqlite("target")});
  Load(3000);
  Mover mover = MakeMover();
  ASSERT_TRUE(mover.Copy(context()).ok());
  ASSERT_TRUE(CommitPuts(*target_, context(), {{"row/5", "not from the source"}}).ok());
  ASSERT_TRUE(CommitPuts(*source_, context(), {{"row/6", "changed"}}).ok());

  EXPECT_FALSE(mover.Finish(context()).ok());
}

TEST_F(MoverTest, RefusesATargetWithOtherRecords) {
  Begin({Sqlite("source"), Sqlite("target")});
  Load(10);
  ASSERT_TRUE(CommitPuts(*target_, context(), {{"a", "1"}}).ok());
  Mover mover = MakeMover();
  EXPECT_EQ(mover.Copy(context()).code(), Code::kFailedPrecondition);
  EXPECT_EQ(ValueAt(*target_, context(), "a"), "1");
}

TEST_F(MoverTest, MovesAnEmptyStore) {
  Begin({Sqlite("source"), Memory("target")});
  Mover mover = MakeMover();
  Status status = mover.Copy(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  status = mover.Finish(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(mover.source().rows(), 0U);
}

TEST_F(MoverTest, BeginsAnewWhenTheSourceHasForgotten) {
  Begin({{"source", strata_plugin_hosting_memory, R"({"feed_mib":1})"}, Sqlite("target")});
  Load(5000);
  MoveOptions options;
  options.report = [](const MoveProgress& progress) { return progress.rows < 2000; };
  Mover first = MakeMover(options);
  EXPECT_EQ(first.Copy(context()).code(), Code::kCancelled);
  for (int i = 0; i < 6; ++i) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (int j = 0; j < 1000; ++j)
      rows.emplace_back(std::to_string(j) + std::string(300, 'k'), "v");
    ASSERT_TRUE(CommitPuts(*source_, context(), rows).ok());
  }

  Mover second = MakeMover();
  const Status status = second.Copy(context());
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_TRUE(second.Finish(context()).ok());
  ExpectMoved(second);
}

}  // namespace
}  // namespace strata::testing
