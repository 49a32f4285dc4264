// A plugin whose data has one owner at a time, swapped under load: strata.handover/1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "hosttest/data/v1/probe.pb.h"
#include "tests/host/change_client.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using core::v1::Change;
using core::v1::SwapRequest;
using ::testing::HasSubstr;

constexpr int kSwaps = 60;
constexpr int kThreads = 3;

class Handover : public ::testing::Test {
 protected:
  void SetUp() override {
    auto stack = TestStack::Start("  store: {plugin: hosttest_owner_1}\n");
    ASSERT_TRUE(stack.ok()) << stack.status().message();
    stack_ = *std::move(stack);
    client_ = std::make_unique<ChangeClient>(**stack_);
  }

  // The number after one more was counted; negative: the code.
  std::int64_t CountUp() {
    IngressCall call;
    const strata_code code = stack_->Call("store", "Look", &call);
    if (code != STRATA_OK) return -code;
    hosttest::data::v1::LookResponse response;
    response.ParseFromString(call.responses().at(0));
    return response.seen(0).deadline_us();
  }

  Result<Change> Swap(const std::string& package, const std::string& config = "") {
    SwapRequest request;
    request.set_slot("store");
    request.set_package(package);
    request.set_config_json(config);
    request.set_probation_s(0);
    STRATA_ASSIGN_OR_RETURN(const auto response, client_->Swap(request));
    const Change change = client_->WaitSwitched(response.change().id());
    if (change.state() == Change::STATE_FAILED) return Aborted(change.reason());
    return change;
  }

  void StartWithPark(const std::string& park, const std::string& more) {
    auto stack = TestStack::Start("  store: {plugin: hosttest_owner_1" + more + "}\n",
                                  "timeouts: {park: " + park + "}\n");
    ASSERT_TRUE(stack.ok()) << stack.status().message();
    stack_ = *std::move(stack);
    client_ = std::make_unique<ChangeClient>(**stack_);
  }

  // While the file is there, plugins wait that were told to.
  std::string HoldFile() const { return stack_->dir() + "/data/slots/store/hold"; }
  void Hold() const { std::ofstream(HoldFile()) << "hold"; }
  void LetGo() const { std::filesystem::remove(HoldFile()); }

  std::unique_ptr<TestStack> stack_;
  std::unique_ptr<ChangeClient> client_;
};

TEST_F(Handover, NothingIsLostOrCountedTwice) {
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> counted{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        (CountUp() > 0 ? ++counted : ++failed);
      }
    });
  }

  int refused = 0;
  Status wrong;
  for (int i = 1; i <= kSwaps && wrong.ok(); ++i) {
    const bool broken = i % 5 == 0;
    const auto change = Swap(i % 2 == 0 ? "hosttest_owner_1" : "hosttest_owner_2",
                             broken ? R"({"refuse": "acquire"})" : R"({"refuse": null})");
    if (broken && !change.ok()) {
      ++refused;
    } else {
      wrong = change.status();
    }
    const std::int64_t seen = counted;
    while (counted == seen && failed == 0) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_TRUE(wrong.ok()) << wrong.message();
  EXPECT_EQ(refused, kSwaps / 5);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(CountUp(), counted + 1);
}

TEST_F(Handover, IsChosenByItself) {
  EXPECT_EQ(CountUp(), 1);

  const auto change = Swap("hosttest_owner_2");

  ASSERT_TRUE(change.ok()) << change.status().message();
  EXPECT_EQ(change->slots(0).mode(), core::v1::SWAP_MODE_HANDOVER);
  EXPECT_GT(change->pause_us(), 0);
  EXPECT_EQ(CountUp(), 2);
}

TEST_F(Handover, TheOldOneServesOnWhenTheNewOneCannot) {
  for (const char* step : {"acquire", "health"}) {
    const auto change = Swap("hosttest_owner_2", std::string(R"({"refuse": ")") + step + "\"}");

    EXPECT_THAT(change.status().message(), HasSubstr("told"));
    EXPECT_GT(CountUp(), 0) << step;
  }
  EXPECT_TRUE(client_->Status().ready());
}

TEST_F(Handover, DataThatLiesElsewhereIsNotHandedOver) {
  const auto change = Swap("hosttest_owner_2", R"({"place": "elsewhere"})");

  EXPECT_THAT(change.status().message(), HasSubstr("would have to be copied"));
}

// A new owner that does not take the data over gets half of the time that requests wait.
TEST_F(Handover, ANewOwnerThatHangsIsTakenBack) {
  StartWithPark("2s", "");
  Hold();

  const auto change = Swap("hosttest_owner_2", R"({"refuse": "hang"})");
  const std::int64_t counted = CountUp();
  LetGo();

  EXPECT_THAT(change.status().message(), HasSubstr("acquire did not return in time"));
  EXPECT_EQ(counted, 1);
}

// The old one takes its time to have its data back: who waits longer than he may is told for whom.
TEST_F(Handover, WhoWaitsTooLongIsToldForWhom) {
  StartWithPark("1s", ", config: {refuse: slow-return}");
  Hold();
  Status told;
  std::thread client([&] {
    while (told.ok()) told = (*stack_)->Enter(0).status();
    LetGo();
  });

  const auto change = Swap("hosttest_owner_2", R"({"refuse": "acquire"})");
  client.join();

  EXPECT_THAT(change.status().message(), HasSubstr("told not to acquire"));
  EXPECT_EQ(told.code(), Code::kUnavailable);
  EXPECT_THAT(told.message(), HasSubstr("slot \"store\" is being replaced"));
  EXPECT_EQ(CountUp(), 1);
}

TEST_F(Handover, TwoOwnersAreRefused) {
  SwapRequest request;
  request.set_slot("store");
  request.set_package("hosttest_owner_2");
  request.set_mode(core::v1::SWAP_MODE_OVERLAP);

  EXPECT_THAT(client_->Swap(request).status().message(), HasSubstr("keeps records"));
}

TEST_F(Handover, RequestsThatDoNotEndAreCancelledBeforeTheGateCloses) {
  auto stack =
      TestStack::Start("  store: {plugin: hosttest_owner_1}\n  other: {plugin: hosttest_probe_1}\n",
                       "timeouts: {drain: 50ms}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  stack_ = *std::move(stack);
  client_ = std::make_unique<ChangeClient>(**stack_);
  IngressCall hang;
  strata_code code = STRATA_OK;
  std::thread caller([&] { code = stack_->Call("other", "Hang", &hang); });
  hang.WaitForResponses(1);

  const auto change = Swap("hosttest_owner_2");

  caller.join();
  ASSERT_TRUE(change.ok()) << change.status().message();
  EXPECT_EQ(code, STRATA_UNAVAILABLE);
  EXPECT_EQ(change->cancelled(), 1u);
}

}  // namespace
}  // namespace strata::host
