// A plugin in two releases: the second one goes on in the first one's format until the operator
// commits, then what is stored is migrated while it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "core/base/rows.h"
#include "strata/hosting/v1/hosting.pb.h"
#include "tests/host/change_client.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using core::v1::Change;
using core::v1::SlotChange;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kRows = 1500;
constexpr int kWriters = 2;
constexpr char kHosting[] = "/strata.hosting.v1.Hosting/";

// Writers, each with keys of its own; what was acknowledged is kept.
class Load {
 public:
  explicit Load(TestStack& stack) {
    for (int i = 0; i < kWriters; ++i) threads_.emplace_back([this, i, &stack] { Run(stack, i); });
  }
  ~Load() { Stop(); }

  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  // Until so many more writes were acknowledged.
  void Await(int more) const {
    const int until = acknowledged_ + more;
    while (acknowledged_ < until && failed_ == 0) std::this_thread::yield();
  }
  int failed() const { return failed_; }
  // After Stop.
  std::map<std::string, std::string> values() const {
    std::map<std::string, std::string> out;
    for (const auto& part : values_) out.insert(part.begin(), part.end());
    return out;
  }

 private:
  void Run(TestStack& stack, int writer) {
    auto& mine = values_[static_cast<std::size_t>(writer)];
    for (int n = 0; !stop_; ++n) {
      // Old rows and new ones, so that the migration meets rows that change under it.
      const std::string key = n % 2 == 0 ? "old" + std::to_string((n * kWriters + writer) % kRows)
                                         : "new" + std::to_string(writer) + "-" + std::to_string(n);
      const std::string value = std::to_string(writer) + "/" + std::to_string(n);
      if (!Own(key, writer)) continue;
      hosting::v1::CommitRequest request;
      auto* const put = request.add_mutations()->mutable_put();
      put->set_key(key);
      put->set_value(value);
      IngressCall call(request.SerializeAsString());
      if (stack.Call("rows", std::string(kHosting) + "Commit", &call) != STRATA_OK) {
        ++failed_;
        continue;
      }
      mine[key] = value;
      ++acknowledged_;
    }
  }
  static bool Own(const std::string& key, int writer) {
    return key.starts_with("new") || std::stoi(key.substr(3)) % kWriters == writer;
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> failed_{0};
  std::atomic<int> acknowledged_{0};
  std::array<std::map<std::string, std::string>, kWriters> values_;
  std::vector<std::thread> threads_;
};

class Formats : public ::testing::Test {
 protected:
  void Start(const std::string& store = "hosting_memory") {
    auto stack = TestStack::Start(Slots(1, store));
    ASSERT_TRUE(stack.ok()) << stack.status().message();
    stack_ = *std::move(stack);
    client_ = std::make_unique<ChangeClient>(**stack_);
  }
  std::string Slots(int version, const std::string& store = "hosting_memory",
                    const std::string& config = "") const {
    return "  disk: {plugin: " + store + "}\n  rows: {plugin: formats_rows_" +
           std::to_string(version) + ", requires: {store: disk}" +
           (config.empty() ? "" : ", config: {" + config + "}") + "}\n";
  }

  // Rows of the first release.
  void Fill() {
    hosting::v1::CommitRequest request;
    for (int i = 0; i < kRows; ++i) {
      auto* const put = request.add_mutations()->mutable_put();
      put->set_key("old" + std::to_string(i));
      put->set_value("first");
    }
    IngressCall call(request.SerializeAsString());
    ASSERT_EQ(stack_->Call("rows", std::string(kHosting) + "Commit", &call), STRATA_OK);
  }

  std::string Value(const std::string& key) {
    hosting::v1::GetRequest request;
    request.add_keys(key);
    IngressCall call(request.SerializeAsString());
    if (stack_->Call("rows", std::string(kHosting) + "Get", &call) != STRATA_OK) {
      return "failed: " + call.message();
    }
    hosting::v1::GetResponse response;
    response.ParseFromString(call.responses().at(0));
    return response.entries(0).value();
  }

  // How many rows are stored in each format, by the bytes.
  std::map<char, int> Stored() {
    hosting::v1::ScanRequest request;
    request.set_begin("r");
    request.set_end("s");
    IngressCall call(request.SerializeAsString());
    EXPECT_EQ(stack_->Call("disk", std::string(kHosting) + "Scan", &call), STRATA_OK);
    std::map<char, int> out;
    for (const std::string& bytes : call.responses()) {
      hosting::v1::ScanResponse chunk;
      chunk.ParseFromString(bytes);
      RowReader reader(chunk.rows());
      for (Row row; reader.Next(&row);) ++out[row.value.front()];
    }
    return out;
  }

  core::v1::StoredFormat Format() {
    const core::v1::StatusResponse status = client_->Status();
    for (const auto& slot : status.slots()) {
      if (slot.name() == "rows") return slot.format();
    }
    return {};
  }

  Result<core::v1::ChangeResponse> Commit(bool plan_only = false) {
    core::v1::CommitFormatRequest request;
    request.set_slot("rows");
    request.set_plan_only(plan_only);
    return client_->CommitFormat(request);
  }

  // Swaps to the second release and commits its format; until the change has ended.
  void CommitTwo() {
    ASSERT_TRUE(client_->SwapAndWait("rows", "formats_rows_2").ok());
    const auto begun = Commit();
    ASSERT_TRUE(begun.ok()) << begun.status().message();
    const Change end = client_->WaitEnded(begun->change().id());
    ASSERT_EQ(end.state(), Change::STATE_DONE) << end.reason();
  }

  // The second release, which stops after the first piece of a migration while the file is there.
  Change CommitAndHold() {
    std::ofstream(HoldFile()) << "hold";
    core::v1::SwapRequest swap;
    swap.set_slot("rows");
    swap.set_package("formats_rows_2");
    swap.set_probation_s(0);
    swap.set_config_json(R"({"hold_file": ")" + HoldFile() + "\"}");
    const auto swapped = client_->Swap(swap);
    EXPECT_TRUE(swapped.ok()) << swapped.status().message();
    EXPECT_EQ(client_->WaitEnded(swapped->change().id()).state(), Change::STATE_DONE);
    const auto begun = Commit();
    EXPECT_TRUE(begun.ok()) << begun.status().message();
    return client_->WaitUntil(begun->change().id(),
                              [](const Change& c) { return c.progress().rows() > 0; });
  }
  std::string HoldFile() const { return stack_->dir() + "/hold"; }
  void LetGo() const { std::filesystem::remove(HoldFile()); }

  std::unique_ptr<TestStack> stack_;
  std::unique_ptr<ChangeClient> client_;
};

TEST_F(Formats, ANewReleaseGoesOnInTheOldFormatAndCanBeTakenBack) {
  Start();
  Fill();
  Load load(*stack_);
  load.Await(20);

  const auto there = client_->SwapAndWait("rows", "formats_rows_2");
  load.Await(20);
  const core::v1::StoredFormat format = Format();
  const auto back = client_->Rollback("rows");
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(client_->WaitEnded(back->change().id()).state(), Change::STATE_DONE);
  load.Await(20);
  load.Stop();

  ASSERT_TRUE(there.ok()) << there.status().message();
  EXPECT_EQ(format.writes(), 1u);
  EXPECT_EQ(format.newest(), 2u);
  EXPECT_EQ(Stored().count('2'), 0u);
  EXPECT_EQ(load.failed(), 0);
  for (const auto& [key, value] : load.values()) ASSERT_EQ(Value(key), value);
}

TEST_F(Formats, APlanSaysWhatIsStoredAndWhatFollows) {
  Start();
  core::v1::SwapRequest request;
  request.set_slot("rows");
  request.set_package("formats_rows_2");
  request.set_plan_only(true);

  const auto plan = client_->Swap(request);

  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->plan().slots(0).format_from().read_max(), 1u);
  EXPECT_EQ(plan->plan().slots(0).format_to().read_max(), 2u);
  EXPECT_EQ(plan->plan().slots(0).format_to().writes(), 1u);
  ASSERT_EQ(plan->plan().warnings_size(), 1);
  EXPECT_THAT(plan->plan().warnings(0),
              HasSubstr("format 2 is written after strata commit-format"));
}

TEST_F(Formats, ACommitMigratesWhileItServes) {
  Start();
  Fill();
  ASSERT_TRUE(client_->SwapAndWait("rows", "formats_rows_2").ok());
  Load load(*stack_);
  load.Await(20);

  const auto plan = Commit(/*plan_only=*/true);
  const auto begun = Commit();
  ASSERT_TRUE(begun.ok()) << begun.status().message();
  const Change end = client_->WaitEnded(begun->change().id());
  load.Await(20);
  load.Stop();

  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->plan().slots(0).action(), SlotChange::ACTION_FORMAT);
  EXPECT_THAT(plan->plan().warnings(1), AllOf(HasSubstr("no way back"), HasSubstr("1.0.0")));
  EXPECT_EQ(end.state(), Change::STATE_DONE) << end.reason();
  EXPECT_EQ(end.kind(), Change::KIND_FORMAT);
  EXPECT_GE(end.progress().rows(), static_cast<std::uint64_t>(kRows));
  EXPECT_EQ(load.failed(), 0);
  EXPECT_EQ(Stored().count('1'), 0u);
  EXPECT_EQ(Format().on_disk(), 2u);
  for (const auto& [key, value] : load.values()) ASSERT_EQ(Value(key), value);
}

TEST_F(Formats, ThereIsNoWayBackAfterACommit) {
  Start();
  Fill();
  CommitTwo();

  const Status rollback = client_->Rollback("rows").status();
  const Status swap = client_->SwapAndWait("rows", "formats_rows_1").status();

  for (const Status& status : {rollback, swap}) {
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("stored in format test.rows 2"),
                      HasSubstr("test.rows 1.0.0 reads 1"), HasSubstr("was committed")));
  }
  EXPECT_EQ(Value("old7"), "first");
}

TEST_F(Formats, TheOldReleaseDoesNotStartAfterACommit) {
  Start("hosting_sqlite");
  Fill();
  CommitTwo();
  ASSERT_TRUE((*stack_)->Stop().ok());

  const Status old = stack_->Restart(Slots(1, "hosting_sqlite"), /*as_file=*/true);
  const Status now = stack_->Restart(Slots(2, "hosting_sqlite"));

  EXPECT_THAT(old.message(), AllOf(HasSubstr("slot \"rows\""), HasSubstr("was committed")));
  EXPECT_TRUE(now.ok()) << now.message();
  EXPECT_EQ(Value("old7"), "first");
}

TEST_F(Formats, AMigrationGoesOnAfterARestart) {
  Start("hosting_sqlite");
  Fill();
  const Change held = CommitAndHold();
  EXPECT_EQ(held.state(), Change::STATE_RUNNING);
  EXPECT_LT(held.progress().rows(), static_cast<std::uint64_t>(kRows));
  ASSERT_TRUE((*stack_)->Stop().ok());

  ASSERT_TRUE(stack_->Restart(Slots(1, "hosting_sqlite")).ok());
  client_ = std::make_unique<ChangeClient>(**stack_);
  const core::v1::StoredFormat between = Format();
  const std::string value = Value("old1499");
  LetGo();
  const Change end = client_->WaitEnded(held.id());

  EXPECT_EQ(between.writes(), 2u);
  EXPECT_EQ(between.on_disk(), 1u);
  EXPECT_EQ(value, "first");
  EXPECT_EQ(end.state(), Change::STATE_DONE) << end.reason();
  EXPECT_EQ(end.progress().rows(), static_cast<std::uint64_t>(kRows));
  EXPECT_EQ(Stored()['2'], kRows);
}

TEST_F(Formats, AMigrationIsStoppedAndBegunAnew) {
  Start();
  Fill();
  const Change held = CommitAndHold();

  ASSERT_TRUE(client_->End(held.id()).ok());
  const Change stopped = client_->WaitEnded(held.id());
  const Status rollback = client_->Rollback("rows").status();
  LetGo();
  const auto again = Commit();
  ASSERT_TRUE(again.ok()) << again.status().message();

  EXPECT_EQ(stopped.state(), Change::STATE_FAILED);
  EXPECT_THAT(stopped.reason(), AllOf(HasSubstr("format 2 is committed"), HasSubstr("goes on")));
  EXPECT_THAT(rollback.message(), HasSubstr("test.rows 2 (in part still 1)"));
  EXPECT_EQ(client_->WaitEnded(again->change().id()).state(), Change::STATE_DONE);
  EXPECT_EQ(Stored().count('1'), 0u);
}

TEST_F(Formats, NothingIsCommittedDuringAProbation) {
  Start();
  ASSERT_TRUE(client_->SwapAndWait("rows", "formats_rows_2", /*probation_s=*/600).ok());

  EXPECT_THAT(Commit().status().message(), HasSubstr("on probation"));
}

TEST_F(Formats, ACommitWithoutANewerFormatDoesNothing) {
  Start();

  const auto same = Commit();
  ASSERT_TRUE(same.ok()) << same.status().message();
  EXPECT_FALSE(same->has_change());

  core::v1::CommitFormatRequest request;
  request.set_slot("disk");
  EXPECT_THAT(client_->CommitFormat(request).status().message(), HasSubstr("declares no formats"));
  request.set_slot("row");
  EXPECT_EQ(client_->CommitFormat(request).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace strata::host
