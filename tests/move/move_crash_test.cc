// The real program, in the middle of a move: the core, or the process of the target, is killed.
#include <gtest/gtest.h>

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "core/base/json.h"
#include "strata/hosting/v1/hosting.pb.h"
#include "tests/gateway/grpc_client.h"
#include "tests/history/core_client.h"
#include "tests/history/strata_process.h"

namespace strata::history {
namespace {

using core::v1::Change;
namespace hosting = strata::hosting::v1;

constexpr int kRows = 40'000;
constexpr int kWriters = 2;
constexpr auto kThink = std::chrono::milliseconds(2);  // of a writer
constexpr std::string_view kService = "/strata.hosting.v1.Hosting/";

std::string KeyOf(int row) { return "row/" + std::to_string(100'000 + row); }

// Calls the hosting slot; OK or what went wrong.
class Store {
 public:
  explicit Store(const Endpoints& where) : client_(where.grpc) {}

  bool Commit(const hosting::CommitRequest& request) const {
    return Call("Commit", request.SerializeAsString()).status.ok();
  }
  std::map<std::string, std::string> Get(const std::vector<std::string>& keys) const {
    hosting::GetRequest request;
    for (const std::string& key : keys) request.add_keys(key);
    const testing::GrpcReply reply = Call("Get", request.SerializeAsString());
    std::map<std::string, std::string> out;
    hosting::GetResponse response;
    if (!reply.status.ok() || !response.ParseFromString(reply.messages.at(0))) return out;
    for (int i = 0; i < response.entries_size(); ++i) {
      out[keys[static_cast<std::size_t>(i)]] = response.entries(i).value();
    }
    return out;
  }

 private:
  testing::GrpcReply Call(std::string_view method, const std::string& request) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return client_.Call(std::string(kService).append(method), {request}, &context);
  }

  testing::GrpcClient client_;
};

// Clients that write while the core comes and goes, and what was acknowledged to them.
class Writers {
 public:
  explicit Writers(StrataProcess& process) : process_(process) {
    for (int i = 0; i < kWriters; ++i) threads_.emplace_back([this, i] { Run(i); });
  }
  // Key to the value that was acknowledged last. A later one may have been written too, without an
  // answer; no earlier one may be there.
  std::map<std::string, int> Finish() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return acknowledged_;
  }
  ~Writers() { Finish(); }

 private:
  void Run(int number) {
    std::map<std::string, int> mine;
    for (int i = 1; !stop_; ++i) {
      const Endpoints where = process_.Where();
      if (where.life == 0) break;
      const Store store(where);
      for (; !stop_; ++i) {
        const std::string key = KeyOf(i * 97 % kRows) + "/" + std::to_string(number);
        hosting::CommitRequest request;
        hosting::Put* const put = request.add_mutations()->mutable_put();
        put->set_key(key);
        put->set_value(std::to_string(i));
        if (!store.Commit(request)) break;
        mine[key] = i;
        std::this_thread::sleep_for(kThink);
      }
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    acknowledged_.insert(mine.begin(), mine.end());
  }

  StrataProcess& process_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::map<std::string, int> acknowledged_;
  std::vector<std::thread> threads_;
};

class MoveCrash : public ::testing::Test {
 protected:
  void Begin(const std::string& slots) {
    process_ = std::make_unique<StrataProcess>(slots);
    ASSERT_TRUE(process_->Start()) << Events();
    const Store store(process_->Where());
    for (int row = 0; row < kRows; row += 1000) {
      hosting::CommitRequest request;
      for (int i = row; i < row + 1000; ++i) {
        hosting::Put* const put = request.add_mutations()->mutable_put();
        put->set_key(KeyOf(i));
        put->set_value(std::string(400, 'v'));
      }
      ASSERT_TRUE(store.Commit(request));
    }
  }

  CoreClient Core() { return CoreClient(process_->Where().grpc); }

  Change BeginMove(const std::string& isolation) {
    core::v1::SwapRequest request;
    request.set_slot("hosting");
    request.set_package("hosting_sqlite");
    request.set_mode(core::v1::SWAP_MODE_TRANSFER);
    request.set_isolation(isolation);
    if (isolation != "process") {
      request.set_config_json(R"({"path":")" + process_->dir() + R"(/moved"})");
    }
    return Core().Swap(request);
  }

  // Follows the change until a part of the rows has been copied; how many.
  std::uint64_t AwaitPart(const Change& change, int quarter) {
    const std::uint64_t enough =
        static_cast<std::uint64_t>(kRows) * static_cast<unsigned>(quarter) / 4;
    const Change seen =
        Core().Follow(change, [&](const Change& c) { return c.progress().rows() >= enough; });
    EXPECT_EQ(seen.state(), Change::STATE_RUNNING) << seen.reason();
    return seen.progress().rows();
  }

  // What events of the log say: of each the number in `field`.
  std::vector<std::uint64_t> Logged(const std::string& event, const std::string& field) {
    std::vector<std::uint64_t> out;
    std::istringstream lines(process_->log());
    for (std::string line; std::getline(lines, line);) {
      const auto parsed = json::Document::Parse(line);
      if (!parsed.ok() || parsed->root()["event"].string() != event) continue;
      const auto number = parsed->root()[field].int_value();
      out.push_back(number ? static_cast<std::uint64_t>(*number) : 0);
    }
    return out;
  }

  // The log without what clients did.
  std::string Events() const {
    std::string out;
    std::istringstream lines(process_->log());
    for (std::string line; std::getline(lines, line);) {
      if (line.find("grpc.call") == std::string::npos) out.append(line).append("\n");
    }
    return out;
  }

  void ExpectKept(const std::map<std::string, int>& acknowledged) {
    EXPECT_FALSE(acknowledged.empty());
    std::vector<std::string> keys;
    for (const auto& [key, value] : acknowledged) keys.push_back(key);
    const Store store(process_->Where());
    for (std::size_t at = 0; at < keys.size(); at += 500) {
      const std::vector<std::string> some(
          keys.begin() + static_cast<std::ptrdiff_t>(at),
          keys.begin() + static_cast<std::ptrdiff_t>(std::min(at + 500, keys.size())));
      const auto found = store.Get(some);
      ASSERT_EQ(found.size(), some.size());
      for (const auto& [key, value] : found) {
        ASSERT_GE(std::atoi(value.c_str()), acknowledged.at(key)) << key;
      }
    }
    EXPECT_EQ(store.Get({KeyOf(kRows - 1)}).begin()->second, std::string(400, 'v'));
  }

  std::unique_ptr<StrataProcess> process_;
};

TEST_F(MoveCrash, TheCoreGoesOnWhereItWas) {
  Begin("  hosting: {plugin: hosting_sqlite}\n");
  Writers writers(*process_);
  ASSERT_NE(BeginMove("").id(), "");

  const std::uint64_t before_kill = AwaitPart(Core().Newest(), 1);
  process_->Kill();
  ASSERT_TRUE(process_->Start()) << Events();
  const std::uint64_t before_stop = AwaitPart(Core().Newest(), 2);
  ASSERT_EQ(process_->Stop(), 0) << Events();
  ASSERT_TRUE(process_->Start()) << Events();
  const Change done = Core().Follow(Core().Newest());
  // At once: nobody but the copy has what was written since.
  process_->Kill();
  ASSERT_TRUE(process_->Start()) << Events();
  const auto acknowledged = writers.Finish();

  EXPECT_NE(done.state(), Change::STATE_FAILED) << done.reason();
  const auto already = Logged("move.copying", "rows_already");
  ASSERT_EQ(already.size(), 3U) << Events();
  EXPECT_EQ(already[0], 0U);
  EXPECT_GE(already[1], before_kill);
  EXPECT_GE(already[2], before_stop);
  EXPECT_EQ(Logged("move.compared", "rows").size(), 1U) << "count and digest of both sides";
  EXPECT_TRUE(Core().Status().slots(0).differs_from_file());
  ExpectKept(acknowledged);
}

TEST_F(MoveCrash, ATargetThatIsKilledIsWaitedFor) {
  Begin("  hosting: {plugin: hosting_memory}\n");
  Writers writers(*process_);
  const Change change = BeginMove("process");
  ASSERT_NE(change.id(), "") << change.reason();

  const std::uint64_t before = AwaitPart(change, 1);
  const std::vector<pid_t> children = process_->Children();
  ASSERT_EQ(children.size(), 1U);
  ASSERT_EQ(::kill(children[0], SIGKILL), 0);
  const Change done = Core().Follow(change);
  const auto acknowledged = writers.Finish();

  EXPECT_NE(done.state(), Change::STATE_FAILED) << done.reason();
  EXPECT_EQ(Logged("isolation.crashed", "crashes").size(), 1U) << Events();
  // Once, when no call was under way; else it began again where it was.
  const auto already = Logged("move.copying", "rows_already");
  ASSERT_GE(already.size(), 1U) << Events();
  for (std::size_t i = 1; i < already.size(); ++i) EXPECT_GE(already[i], before);
  EXPECT_EQ(Logged("move.compared", "rows").size(), 1U);
  EXPECT_EQ(Core().Status().slots(0).isolation(), "process");
  ExpectKept(acknowledged);
}

}  // namespace
}  // namespace strata::history
