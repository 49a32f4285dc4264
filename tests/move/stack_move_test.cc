// MoveHosting in a running stack: nothing is lost, nothing fails, and there is a way back.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "core/base/rows.h"
#include "core/move/transfers.h"
#include "storage/replica/digest.h"
#include "strata/hosting/v1/hosting.pb.h"
#include "tests/host/change_client.h"
#include "tests/host/host_test_util.h"
#include "tests/support/turns.h"

namespace strata::host {
namespace {

namespace hosting = strata::hosting::v1;
using core::v1::Change;

constexpr int kRows = 5000;
// Of the clients, for each edition of a change.
constexpr int kWrites = 60;

class StackMove : public ::testing::Test {
 protected:
  void Start(const std::string& plugin) { StartSlots("  hosting: {plugin: " + plugin + "}\n"); }
  void StartSlots(const std::string& slots) {
    auto stack = TestStack::Start(slots, "", move::Transfers());
    ASSERT_TRUE(stack.ok()) << stack.status().ToString();
    stack_ = *std::move(stack);
    client_ = std::make_unique<ChangeClient>(**stack_);
  }

  strata_code Call(const std::string& method, const std::string& request, IngressCall** call_out,
                   std::unique_ptr<IngressCall>* owner) {
    *owner = std::make_unique<IngressCall>(request);
    *call_out = owner->get();
    return stack_->Call("hosting", "/strata.hosting.v1.Hosting/" + method, owner->get());
  }

  strata_code Commit(const hosting::CommitRequest& request) {
    std::unique_ptr<IngressCall> owner;
    IngressCall* call = nullptr;
    return Call("Commit", request.SerializeAsString(), &call, &owner);
  }

  std::string Value(const std::string& key) {
    hosting::GetRequest request;
    request.add_keys(key);
    std::unique_ptr<IngressCall> owner;
    IngressCall* call = nullptr;
    if (Call("Get", request.SerializeAsString(), &call, &owner) != STRATA_OK) return "!";
    hosting::GetResponse response;
    response.ParseFromString(call->responses().at(0));
    return response.entries(0).value();
  }

  std::string Engine() {
    std::unique_ptr<IngressCall> owner;
    IngressCall* call = nullptr;
    EXPECT_EQ(Call("Describe", "", &call, &owner), STRATA_OK);
    hosting::DescribeResponse response;
    response.ParseFromString(call->responses().at(0));
    return response.engine();
  }

  std::string Digest(const std::string& slot = "hosting") {
    IngressCall call("");
    EXPECT_EQ(stack_->Call(slot, "/strata.hosting.v1.Hosting/Scan", &call), STRATA_OK);
    storage::replica::RowDigest digest;
    for (const std::string& bytes : call.responses()) {
      hosting::ScanResponse chunk;
      chunk.ParseFromString(bytes);
      RowReader reader(chunk.rows());
      for (Row row; reader.Next(&row);) digest.Add(row);
    }
    return digest.ToString();
  }

  void Load() {
    for (int i = 0; i < kRows; i += 500) {
      hosting::CommitRequest request;
      for (int j = i; j < i + 500; ++j) {
        hosting::Put* put = request.add_mutations()->mutable_put();
        put->set_key("row/" + std::to_string(j));
        put->set_value(std::string(200, 'v'));
      }
      ASSERT_EQ(Commit(request), STRATA_OK);
    }
  }

  Change Move(const std::string& package, const std::string& config) {
    core::v1::MoveHostingRequest request;
    request.set_slot("hosting");
    request.set_package(package);
    request.set_config_json(config);
    const auto begun = client_->MoveHosting(request);
    EXPECT_TRUE(begun.ok()) << begun.status().ToString();
    if (!begun.ok()) return {};
    return client_->WaitUntil(begun->change().id(), [this](const Change&) {
      turns_.Give(kWrites);
      return false;
    });
  }

  // Clients that write rows of their own, and read each at once. They have begun when it returns.
  void BeginToWrite() {
    for (int number = 0; number < 3; ++number) {
      writers_.emplace_back([this, number] { Write(number); });
    }
    turns_.Give(kWrites);
    turns_.AwaitTaken();
  }
  void Write(int number) {
    std::mt19937 random(static_cast<unsigned>(number));
    std::map<std::string, std::string> mine;
    for (int i = 0; turns_.Take(); ++i) {
      const std::string key =
          "row/" + std::to_string(random() % kRows) + "/" + std::to_string(number);
      hosting::CommitRequest request;
      request.add_mutations()->mutable_put()->set_key(key);
      request.mutable_mutations(0)->mutable_put()->set_value(std::to_string(i));
      mine[key] = std::to_string(i);
      if (Commit(request) != STRATA_OK || Value(key) != mine[key]) ++failed_;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    written_.insert(mine.begin(), mine.end());
  }
  void EndWriting() {
    turns_.End();
    for (std::thread& writer : writers_) writer.join();
    writers_.clear();
  }
  void ExpectAllWritten() {
    EndWriting();
    EXPECT_EQ(failed_, 0);
    EXPECT_GT(turns_.taken(), kWrites);
    for (const auto& [key, value] : written_) ASSERT_EQ(Value(key), value);
  }
  ~StackMove() override { EndWriting(); }

  std::unique_ptr<TestStack> stack_;
  std::unique_ptr<ChangeClient> client_;
  testing::Turns turns_;

 private:
  std::atomic<int> failed_{0};
  std::mutex mutex_;
  std::map<std::string, std::string> written_;  // what was answered
  std::vector<std::thread> writers_;
};

TEST_F(StackMove, LosesNothingAndFailsNobody) {
  Start("hosting_memory");
  Load();
  BeginToWrite();

  const Change change = Move("hosting_sqlite", R"({"path":")" + stack_->dir() + R"(/moved"})");
  EXPECT_EQ(Engine(), "sqlite");

  ASSERT_EQ(change.state(), Change::STATE_DONE) << change.reason();
  EXPECT_EQ(change.kind(), Change::KIND_MOVE);
  ExpectAllWritten();
  RecordProperty("pause_us", std::to_string(change.pause_us()));
}

TEST_F(StackMove, AMirrorIsReplacedWhileItIsWrittenTo) {
  StartSlots(
      "  a: {plugin: hosting_sqlite}\n  b: {plugin: hosting_sqlite}\n"
      "  hosting: {plugin: hosting_mirror, requires: {primary: a, secondary: b}}\n");
  BeginToWrite();

  for (int i = 0; i < 5; ++i) {
    turns_.Give(5 * kWrites);
    const auto change = client_->SwapAndWait("hosting", "hosting_mirror");
    ASSERT_TRUE(change.ok()) << change.status().ToString();
    ASSERT_EQ(change->slots(0).mode(), core::v1::SWAP_MODE_OVERLAP);
  }

  ExpectAllWritten();
  EXPECT_EQ(Digest("a"), Digest("b"));
}

TEST_F(StackMove, TheWayBackCarriesWhatCameSince) {
  Start("hosting_sqlite");
  Load();
  const Change there = Move("hosting_sqlite", R"({"path":")" + stack_->dir() + R"(/moved"})");
  ASSERT_EQ(there.state(), Change::STATE_DONE) << there.reason();
  hosting::CommitRequest request;
  request.add_mutations()->mutable_put()->set_key("after");
  request.mutable_mutations(0)->mutable_put()->set_value("the move");
  ASSERT_EQ(Commit(request), STRATA_OK);
  const std::string digest = Digest();

  const auto begun = client_->Rollback("hosting");
  ASSERT_TRUE(begun.ok()) << begun.status().ToString();
  const Change back = client_->WaitEnded(begun->change().id());

  ASSERT_EQ(back.state(), Change::STATE_DONE) << back.reason();
  EXPECT_EQ(Value("after"), "the move");
  EXPECT_EQ(Digest(), digest);
}

TEST_F(StackMove, ATargetThatHoldsOtherRecordsChangesNothing) {
  Start("hosting_sqlite");
  Load();
  const std::string digest = Digest();
  ASSERT_EQ(Move("hosting_sqlite", R"({"path":")" + stack_->dir() + R"(/moved"})").state(),
            Change::STATE_DONE);
  // Where the first store is: records that are not a copy of what serves now, but its own past.
  ASSERT_EQ(Move("hosting_memory", "{}").state(), Change::STATE_DONE);
  const std::string engine = Engine();
  hosting::CommitRequest request;
  request.add_mutations()->mutable_put()->set_key("only in memory");
  ASSERT_EQ(Commit(request), STRATA_OK);

  const Change refused =
      Move("hosting_sqlite", R"({"path":")" + stack_->dir() + R"(/data/slots/hosting"})");

  EXPECT_EQ(refused.state(), Change::STATE_FAILED);
  EXPECT_NE(refused.reason().find("other records"), std::string::npos) << refused.reason();
  EXPECT_EQ(Engine(), engine);
  EXPECT_NE(Digest(), digest);
  EXPECT_EQ(Value("row/1"), std::string(200, 'v'));
}

TEST_F(StackMove, SaysWhatItWouldDo) {
  Start("hosting_memory");
  core::v1::MoveHostingRequest request;
  request.set_slot("hosting");
  request.set_package("hosting_sqlite");
  request.set_plan_only(true);
  const auto planned = client_->MoveHosting(request);
  ASSERT_TRUE(planned.ok()) << planned.status().ToString();
  ASSERT_EQ(planned->plan().slots_size(), 1);
  EXPECT_EQ(planned->plan().slots(0).mode(), core::v1::SWAP_MODE_TRANSFER);
  EXPECT_FALSE(planned->has_change());
  EXPECT_EQ(Engine(), "memory");
  request.set_slot("nothing");
  EXPECT_EQ(client_->MoveHosting(request).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace strata::host
