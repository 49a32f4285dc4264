// Real plugins replaced under load, as an operator would: by strata.core.v1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/host/lifecycle.h"
#include "hosttest/data/v1/probe.pb.h"
#include "tests/host/change_client.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using core::v1::Change;
using core::v1::SlotChange;
using core::v1::SwapRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kSwaps = 100;
constexpr int kThreads = 4;
constexpr const char* kSlots =
    "  store: {plugin: hosttest_probe_1}\n"
    "  record: {plugin: hosttest_probe_1, requires: {next: store}}\n";

class Swap : public ::testing::Test {
 protected:
  void Start(const std::string& slots = kSlots, const std::string& head = "") {
    auto stack = TestStack::Start(slots, head);
    ASSERT_TRUE(stack.ok()) << stack.status().message();
    stack_ = *std::move(stack);
    client_ = std::make_unique<ChangeClient>(**stack_);
  }

  // One request: record looks at store twice. 0 when all is well.
  int Request() {
    hosttest::data::v1::LookRequest look;
    look.set_hops(1);
    look.set_pause_us(50);
    IngressCall call(look.SerializeAsString());
    if (stack_->Call("record", "Look", &call) != STRATA_OK) return 1;
    hosttest::data::v1::LookResponse response;
    response.ParseFromString(call.responses().at(0));
    if (response.seen_size() != 3 || response.seen(0).code() != 0) return 1;
    return response.seen(1).version() == response.seen(2).version() ? 0 : 1;
  }

  std::string Version(const std::string& slot) {
    const core::v1::StatusResponse status = client_->Status();
    for (const auto& s : status.slots()) {
      if (s.name() == slot) return s.version();
    }
    return "";
  }

  std::unique_ptr<TestStack> stack_;
  std::unique_ptr<ChangeClient> client_;
};

TEST_F(Swap, NoRequestFailsAndNoneSeesTwoVersions) {
  Start();
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> requests{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        wrong += Request();
        ++requests;
      }
    });
  }

  Status failed;
  std::uint64_t cancelled = 0;
  for (int i = 1; i <= kSwaps && failed.ok(); ++i) {
    const auto change = client_->SwapAndWait(i % 3 == 0 ? "record" : "store",
                                             i % 2 == 0 ? "hosttest_probe_1" : "hosttest_probe_2");
    failed = change.status();
    if (change.ok()) cancelled += change->cancelled();
    const int seen = requests;
    while (requests == seen) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_TRUE(failed.ok()) << failed.message();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(cancelled, 0u);
  EXPECT_GE(requests, kSwaps);
  EXPECT_EQ(stack_->log().Count("plugin.misbehaving"), 0u);
  EXPECT_EQ(client_->List().changes_size(), 50);
  EXPECT_TRUE((*stack_)->Stop().ok());
  EXPECT_EQ(stack_->log().Count("slot.retired"), static_cast<std::size_t>(kSwaps));
}

TEST_F(Swap, IsRecorded) {
  Start();

  const auto change = client_->SwapAndWait("store", "hosttest_probe_2");

  ASSERT_TRUE(change.ok()) << change.status().message();
  EXPECT_EQ(change->state(), Change::STATE_DONE);
  EXPECT_EQ(change->who(), "operator");
  EXPECT_EQ(change->generation_after(), change->generation_before() + 1);
  ASSERT_EQ(change->slots_size(), 1);
  EXPECT_EQ(change->slots(0).action(), SlotChange::ACTION_SWAP);
  EXPECT_EQ(change->slots(0).mode(), core::v1::SWAP_MODE_OVERLAP);
  EXPECT_EQ(change->slots(0).from().version(), "1.0.0");
  EXPECT_EQ(change->slots(0).to().version(), "2.0.0");
  EXPECT_EQ(change->slots(0).to().digest().size(), 64u);
  EXPECT_EQ(Version("store"), "2.0.0");
}

TEST_F(Swap, APlanTouchesNothing) {
  Start();
  SwapRequest request;
  request.set_slot("store");
  request.set_version("2.0.0");
  request.set_plan_only(true);

  const auto response = client_->Swap(request);

  ASSERT_TRUE(response.ok()) << response.status().message();
  EXPECT_FALSE(response->has_change());
  EXPECT_EQ(response->plan().slots(0).to().version(), "2.0.0");
  EXPECT_EQ(client_->Status().generation(), 4u);
  EXPECT_EQ(client_->List().changes_size(), 0);
}

TEST_F(Swap, RollbackBringsTheOldOneBack) {
  Start();
  EXPECT_EQ(client_->Rollback("store").status().code(), Code::kFailedPrecondition);
  ASSERT_TRUE(client_->SwapAndWait("store", "hosttest_probe_2").ok());

  const auto back = client_->Rollback("store");

  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(client_->WaitSwitched(back->change().id()).state(), Change::STATE_DONE);
  EXPECT_EQ(Version("store"), "1.0.0");
}

TEST_F(Swap, SettingsAreMergedIntoThoseItHas) {
  Start("  store:\n    plugin: hosttest_probe_1\n    config: {rows: 5}\n");
  SwapRequest request;
  request.set_slot("store");
  request.set_config_json(R"({"rows": 1000})");
  request.set_plan_only(true);
  const auto refused = client_->Swap(request);
  EXPECT_EQ(refused.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(refused.status().message(),
              AllOf(HasSubstr("swap: the new settings"), HasSubstr("config.rows")));

  request.set_config_json(R"({"rows": 7})");
  const auto plan = client_->Swap(request);

  ASSERT_TRUE(plan.ok()) << plan.status().message();
  ASSERT_EQ(plan->plan().slots(0).settings_size(), 1);
  EXPECT_EQ(plan->plan().slots(0).settings(0), "rows");
}

TEST_F(Swap, WrongRequestsAreExplained) {
  Start();
  EXPECT_THAT(client_->SwapAndWait("stor", "hosttest_probe_2").status().message(),
              HasSubstr("did you mean \"store\"?"));
  EXPECT_THAT(client_->SwapAndWait("store", "hosttest_prob_2").status().message(),
              HasSubstr("did you mean \"hosttest_probe_2\"?"));
  SwapRequest request;
  request.set_slot("store");
  request.set_version("9.0.0");
  EXPECT_THAT(client_->Swap(request).status().message(), HasSubstr("there is 1.0.0, 2.0.0"));
  request.clear_version();
  request.set_mode(core::v1::SWAP_MODE_HANDOVER);
  EXPECT_EQ(client_->Swap(request).status().code(), Code::kFailedPrecondition);
}

TEST_F(Swap, ARequestIdIsDoneOnce) {
  Start();
  SwapRequest request;
  request.set_slot("store");
  request.set_package("hosttest_probe_2");
  request.set_request_id("once");
  request.set_probation_s(0);
  const auto first = client_->Swap(request);
  ASSERT_TRUE(first.ok()) << first.status().message();
  client_->WaitEnded(first->change().id());

  const auto again = client_->Swap(request);

  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->change().id(), first->change().id());
  EXPECT_EQ(again->change().state(), Change::STATE_DONE);
  EXPECT_EQ(client_->List().changes_size(), 1);
}

// A candidate that cannot serve leaves everything as it was.
struct Broken {
  const char* package;
  const char* reason;
};
class BrokenCandidates : public Swap, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenCandidates, ChangeNothing) {
  Start("  store: {plugin: good}\n");

  const auto change = client_->SwapAndWait("store", GetParam().package);

  ASSERT_FALSE(change.ok());
  EXPECT_THAT(change.status().message(), HasSubstr(GetParam().reason));
  EXPECT_EQ(client_->Status().generation(), 3u);
  EXPECT_TRUE(client_->Status().ready());
}

INSTANTIATE_TEST_SUITE_P(All, BrokenCandidates,
                         ::testing::Values(Broken{"two_exports", "check \"exports\" failed"},
                                           Broken{"wrong_abi", "check \"abi\" failed"},
                                           Broken{"other_version", "check \"descriptor\" failed"},
                                           Broken{"create_fails", "create: "},
                                           Broken{"create_null", "no instance"},
                                           Broken{"start_fails", "start: "},
                                           Broken{"unhealthy", "health: "}),
                         [](const auto& test) { return std::string(test.param.package); });

// Nothing of a candidate that does not come back from start() is used or destroyed.
TEST_F(Swap, ACandidateThatHangsIsAZombie) {
  Start("  store: {plugin: good}\n", "timeouts: {start: 2s, drain: 50ms}\n");

  const auto change = client_->SwapAndWait("store", "hangs_in_start");

  ASSERT_FALSE(change.ok());
  EXPECT_THAT(change.status().message(), HasSubstr("start: did not return in time"));
  IngressCall call("text");
  EXPECT_EQ(stack_->Call("store", "/fixture.v1.Echo/Echo", &call), STRATA_OK);
  EXPECT_TRUE(client_->Status().ready());
  // The program is told that code may still run, so that it leaves at once.
  EXPECT_EQ((*stack_)->Stop().code(), Code::kDeadlineExceeded);
}

// Neither an endless call nor the watch of the change itself holds the drain up.
TEST_F(Swap, EndlessCallsEnterAgain) {
  Start();
  IngressCall watch;
  strata_code code = STRATA_OK;
  std::thread watcher([&] { code = stack_->Call("store", "Watch", &watch); });
  watch.WaitForResponses(1);
  const auto begun = std::chrono::steady_clock::now();

  const auto change = client_->SwapAndWait("store", "hosttest_probe_2");

  watcher.join();
  ASSERT_TRUE(change.ok()) << change.status().message();
  EXPECT_EQ(code, STRATA_UNAVAILABLE);
  EXPECT_EQ(change->resumed(), 1u);
  EXPECT_EQ(change->cancelled(), 0u);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_F(Swap, WhatDoesNotEndIsCancelled) {
  Start(kSlots, "timeouts: {drain: 50ms}\n");
  IngressCall hang;
  strata_code code = STRATA_OK;
  std::thread caller([&] { code = stack_->Call("store", "Hang", &hang); });
  hang.WaitForResponses(1);

  const auto change = client_->SwapAndWait("store", "hosttest_probe_2");

  caller.join();
  ASSERT_TRUE(change.ok()) << change.status().message();
  EXPECT_EQ(code, STRATA_UNAVAILABLE);
  EXPECT_EQ(change->cancelled(), 1u);
}

// Who may not write on stops with OK, as writers do: its callers must not take that for everything.
TEST_F(Swap, WhatIsCutShortIsNoSuccess) {
  Start(kSlots, "timeouts: {drain: 50ms}\n");
  hosttest::data::v1::HangRequest request;
  request.set_ends_well(true);
  IngressCall direct(request.SerializeAsString());
  request.set_hops(1);
  IngressCall through(request.SerializeAsString());
  strata_code code = STRATA_OK;
  strata_code code_through = STRATA_OK;
  std::thread caller([&] { code = stack_->Call("store", "Hang", &direct); });
  std::thread other([&] { code_through = stack_->Call("record", "Hang", &through); });
  direct.WaitForResponses(1);
  through.WaitForResponses(1);

  const auto change = client_->SwapAndWait("store", "hosttest_probe_2");

  caller.join();
  other.join();
  ASSERT_TRUE(change.ok()) << change.status().message();
  EXPECT_EQ(code, STRATA_UNAVAILABLE);
  EXPECT_EQ(code_through, STRATA_UNAVAILABLE);
  EXPECT_THAT(direct.message(), HasSubstr("being replaced; try again"));
}

// A call that does not even hear that it was cancelled: the swap is done, its instance is kept for
// as long as the call is in it.
TEST_F(Swap, WhatDoesNotHearKeepsItsPlugin) {
  Start(kSlots, "timeouts: {drain: 20ms}\n");
  hosttest::data::v1::LookRequest look;
  look.set_hold_us(4'000'000);
  IngressCall deaf(look.SerializeAsString());
  std::atomic<int> code{-1};
  std::thread caller([&] { code = stack_->Call("store", "Look", &deaf); });
  while (client_->Status().slots(0).calls().in_flight() == 0) std::this_thread::yield();

  const auto change = client_->SwapAndWait("store", "hosttest_probe_2");
  const auto again = client_->SwapAndWait("store", "hosttest_probe_1");

  ASSERT_TRUE(change.ok()) << change.status().message();
  EXPECT_EQ(change->cancelled(), 1u);
  EXPECT_THAT(change->reason(), HasSubstr("is kept until they do"));
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->cancelled(), 0u);
  EXPECT_EQ(Request(), 0);
  EXPECT_EQ(stack_->log().Count("slot.retired"), 0u);
  caller.join();
  EXPECT_EQ(code, STRATA_UNAVAILABLE);
  EXPECT_TRUE((*stack_)->Stop().ok());
  EXPECT_EQ(stack_->log().Count("slot.retired"), 2u);
}

TEST_F(Swap, ACircleOfChangesIsRefused) {
  Start(kSlots, "timeouts: {drain: 5s}\n");
  hosttest::data::v1::LookRequest look;
  look.set_hold_us(300'000);
  IngressCall slow(look.SerializeAsString());
  std::thread caller([&] { stack_->Call("store", "Look", &slow); });
  while (client_->Status().slots(0).calls().in_flight() == 0) std::this_thread::yield();
  SwapRequest request;
  request.set_slot("store");
  request.set_package("hosttest_probe_2");
  request.set_probation_s(0);
  const auto first = client_->Swap(request);
  ASSERT_TRUE(first.ok()) << first.status().message();

  const auto second = client_->Swap(request);

  EXPECT_EQ(second.status().code(), Code::kAborted);
  EXPECT_THAT(second.status().message(), HasSubstr(first->change().id()));
  caller.join();
  EXPECT_EQ(client_->WaitEnded(first->change().id()).state(), Change::STATE_DONE);
}

TEST(Lifecycle, StepsAreTheOnesOfTheDesign) {
  EXPECT_TRUE(MayAdvance(State::kFound, State::kVerified));
  EXPECT_TRUE(MayAdvance(State::kProbed, State::kActive));
  EXPECT_TRUE(MayAdvance(State::kActive, State::kDraining));
  EXPECT_TRUE(MayAdvance(State::kDraining, State::kZombie));
  EXPECT_TRUE(MayAdvance(State::kLoaded, State::kFailed));
  EXPECT_FALSE(MayAdvance(State::kActive, State::kFailed));
  EXPECT_FALSE(MayAdvance(State::kFound, State::kActive));
  EXPECT_FALSE(MayAdvance(State::kRetired, State::kActive));
  EXPECT_FALSE(MayAdvance(State::kZombie, State::kDestroyed));
  EXPECT_EQ(StateName(State::kZombie), "ZOMBIE");
}

}  // namespace
}  // namespace strata::host
