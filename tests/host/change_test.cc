// Changes of several slots, probation and its way back, and what outlives the core.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "core/host/change/kept.h"
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

constexpr const char* kOne = "  store: {plugin: hosttest_probe_1}\n";

class Changing : public ::testing::Test {
 protected:
  void Start(const std::string& slots) {
    auto stack = TestStack::Start(slots);
    ASSERT_TRUE(stack.ok()) << stack.status().message();
    stack_ = *std::move(stack);
    client_ = std::make_unique<ChangeClient>(**stack_);
  }

  void Restart(const std::string& slots, bool as_file = false) {
    const Status status = stack_->Restart(slots, as_file);
    ASSERT_TRUE(status.ok()) << status.message();
    client_ = std::make_unique<ChangeClient>(**stack_);
  }

  // Applies and waits; FAILED changes are a status.
  Result<Change> Apply(const std::string& slots, std::uint32_t probation_s = 0) {
    core::v1::ApplyRequest request;
    request.set_stack_yaml("stack: test\nslots:\n" + slots);
    request.set_file("new.yaml");
    request.set_probation_s(probation_s);
    STRATA_ASSIGN_OR_RETURN(const auto response, client_->Apply(request));
    if (!response.has_change()) return Change();
    const Change change = client_->WaitSwitched(response.change().id());
    if (change.state() == Change::STATE_FAILED) return Aborted(change.reason());
    return change;
  }

  core::v1::Slot SlotNamed(const std::string& name) {
    const core::v1::StatusResponse status = client_->Status();
    for (const auto& slot : status.slots()) {
      if (slot.name() == name) return slot;
    }
    return {};
  }

  strata_code Look(const std::string& slot) {
    IngressCall call;
    return stack_->Call(slot, "Look", &call);
  }

  // Swaps in version 2 with a fault, on probation.
  std::string SwapWith(const std::string& fault) {
    SwapRequest request;
    request.set_slot("store");
    request.set_package("hosttest_probe_2");
    if (!fault.empty()) request.set_config_json("{\"fault\":\"" + fault + "\"}");
    request.set_probation_s(600);
    const auto response = client_->Swap(request);
    if (!response.ok()) return response.status().message();
    client_->WaitSwitched(response->change().id());
    return response->change().id();
  }

  std::unique_ptr<TestStack> stack_;
  std::unique_ptr<ChangeClient> client_;
};

TEST_F(Changing, ApplyMakesTheStackEqualToTheFile) {
  Start(
      "  store: {plugin: hosttest_probe_1}\n"
      "  gone: {plugin: good}\n"
      "  record: {plugin: hosttest_probe_1, requires: {next: store}}\n");

  const auto change = Apply(
      "  store: {plugin: hosttest_probe_2}\n"
      "  other: {plugin: hosttest_probe_1}\n"
      "  above: {plugin: hosttest_probe_2, requires: {next: other}}\n"
      "  record: {plugin: hosttest_probe_1, requires: {next: other}, config: {rows: 7}}\n");

  ASSERT_TRUE(change.ok()) << change.status().message();
  EXPECT_EQ(change->generation_after(), change->generation_before() + 1);
  std::map<std::string, SlotChange::Action> actions;
  for (const SlotChange& slot : change->slots()) actions[slot.slot()] = slot.action();
  EXPECT_EQ(actions["store"], SlotChange::ACTION_SWAP);
  EXPECT_EQ(actions["gone"], SlotChange::ACTION_REMOVE);
  EXPECT_EQ(actions["other"], SlotChange::ACTION_ADD);
  EXPECT_EQ(actions["above"], SlotChange::ACTION_ADD);
  EXPECT_EQ(actions["record"], SlotChange::ACTION_REWIRE);
  EXPECT_EQ(SlotNamed("record").bindings(0).slot(), "other");
  EXPECT_EQ(SlotNamed("gone").name(), "");
  EXPECT_EQ(Look("above"), STRATA_OK);
  EXPECT_EQ(client_->Status().ready(), true);
}

TEST_F(Changing, ApplyingTheSameTwiceIsNothing) {
  Start(kOne);
  ASSERT_TRUE(Apply("  store: {plugin: hosttest_probe_2}\n").ok());

  const auto again = Apply("  store: {plugin: hosttest_probe_2}\n");

  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->id(), "");
  EXPECT_EQ(client_->List().changes_size(), 1);
}

TEST_F(Changing, ApplyIsAllOrNothing) {
  Start(kOne);
  const std::uint64_t before = client_->Status().generation();

  const auto change = Apply(
      "  store: {plugin: hosttest_probe_2}\n"
      "  broken: {plugin: start_fails}\n");

  EXPECT_THAT(change.status().message(), AllOf(HasSubstr("new.yaml:4"), HasSubstr("start: ")));
  EXPECT_EQ(SlotNamed("store").version(), "1.0.0");
  EXPECT_EQ(client_->Status().generation(), before);
  EXPECT_EQ(client_->Status().slots_size(), 1);
}

TEST_F(Changing, ErrorsOfAFileKeepTheirPlace) {
  Start(kOne);

  EXPECT_THAT(Apply("  store:\n    plugin: hosttest_probe_2\n    config: {rows: 1000}\n")
                  .status()
                  .message(),
              HasSubstr("new.yaml:5: slot \"store\": config.rows: must be at most 100"));
  EXPECT_THAT(
      Apply("  store: {plugin: hosttest_probe_2, requires: {next: stor}}\n").status().message(),
      HasSubstr("new.yaml:3"));
}

TEST_F(Changing, NewSettingsAreRefusedOrTakenByANewInstance) {
  Start(kOne);

  const auto taken = Apply("  store: {plugin: hosttest_probe_1, config: {rows: 3}}\n");
  const auto refused = Apply("  store: {plugin: hosttest_probe_1, config: {mode: safe}}\n");

  ASSERT_TRUE(taken.ok()) << taken.status().message();
  EXPECT_EQ(taken->slots(0).action(), SlotChange::ACTION_RECONFIGURE);
  EXPECT_EQ(taken->slots(0).settings(0), "rows");
  EXPECT_THAT(refused.status().message(), HasSubstr("not safe while it runs"));
}

TEST_F(Changing, ASoundCandidatePassesItsProbation) {
  Start(kOne);
  SwapRequest request;
  request.set_slot("store");
  request.set_package("hosttest_probe_2");
  request.set_probation_s(1);
  const auto response = client_->Swap(request);
  ASSERT_TRUE(response.ok()) << response.status().message();

  const Change change = client_->WaitEnded(response->change().id());

  EXPECT_EQ(change.state(), Change::STATE_DONE);
  EXPECT_EQ(SlotNamed("store").probation_until_us(), 0);
}

class Faults : public Changing,
               public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(Faults, AreTakenBackDuringProbation) {
  Start(kOne);
  for (int i = 0; i < 250; ++i) ASSERT_EQ(Look("store"), STRATA_OK);
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&] {
      while (!stop) Look("store");
    });
  }

  const Change change = client_->WaitEnded(SwapWith(GetParam().first));

  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(change.state(), Change::STATE_ROLLED_BACK);
  EXPECT_THAT(change.reason(), HasSubstr(GetParam().second));
  EXPECT_EQ(SlotNamed("store").version(), "1.0.0");
  const core::v1::ListChangesResponse changes = client_->List();
  EXPECT_EQ(changes.changes(0).who(), "core");
  EXPECT_EQ(changes.changes(0).kind(), Change::KIND_ROLLBACK);
  EXPECT_THAT(changes.changes(0).reason(), HasSubstr("takes c1 back"));
}

INSTANTIATE_TEST_SUITE_P(All, Faults,
                         ::testing::Values(std::pair{"errors", "of its calls fail"},
                                           std::pair{"slow", "ms; before, "},
                                           std::pair{"health", "told to be unhealthy"}),
                         [](const auto& test) { return std::string(test.param.first); });

TEST_F(Changing, AProbationMayBeEnded) {
  Start(kOne);
  const std::string id = SwapWith("");
  EXPECT_GT(SlotNamed("store").probation_until_us(), 0);

  ASSERT_TRUE(client_->End(id).ok());

  EXPECT_EQ(client_->WaitEnded(id).state(), Change::STATE_DONE);
  EXPECT_EQ(SlotNamed("store").version(), "2.0.0");
}

TEST_F(Changing, WhatRanLastRunsAgain) {
  Start(kOne);
  ASSERT_TRUE(client_->SwapAndWait("store", "hosttest_probe_2").ok());
  EXPECT_TRUE(SlotNamed("store").differs_from_file());

  Restart(kOne);

  EXPECT_EQ(SlotNamed("store").version(), "2.0.0");
  EXPECT_TRUE(SlotNamed("store").differs_from_file());
  EXPECT_EQ(client_->List().changes(0).state(), Change::STATE_DONE);
  EXPECT_EQ(client_->SwapAndWait("store", "hosttest_probe_1")->id(), "c2");
  EXPECT_FALSE(SlotNamed("store").differs_from_file());
  Restart(kOne);
  EXPECT_EQ(SlotNamed("store").version(), "1.0.0");
}

TEST_F(Changing, AnEditedFileIsNewer) {
  Start(kOne);
  ASSERT_TRUE(client_->SwapAndWait("store", "hosttest_probe_2").ok());

  Restart("  store: {plugin: hosttest_probe_1, config: {rows: 9}}\n");

  EXPECT_EQ(SlotNamed("store").version(), "1.0.0");
  EXPECT_EQ(stack_->log().Count("changes.file_is_newer"), 1u);
}

TEST_F(Changing, TheFileCountsOnRequest) {
  Start(kOne);
  ASSERT_TRUE(client_->SwapAndWait("store", "hosttest_probe_2").ok());

  Restart(kOne, /*as_file=*/true);
  EXPECT_EQ(SlotNamed("store").version(), "1.0.0");
  Restart(kOne);

  EXPECT_EQ(SlotNamed("store").version(), "1.0.0");
}

// A core that died while a change was on probation does not start the candidate again.
TEST_F(Changing, WhatWasOnProbationAtACrashIsNotStartedAgain) {
  Start(kOne);
  ASSERT_TRUE(client_->SwapAndWait("store", "hosttest_probe_1").ok());
  const std::string id = SwapWith("");
  const std::string folder = stack_->dir() + "/data/changes";
  std::stringstream files[2];
  files[0] << std::ifstream(folder + "/running.json").rdbuf();
  files[1] << std::ifstream(folder + "/changes.jsonl").rdbuf();
  ASSERT_TRUE((*stack_)->Stop().ok());
  std::ofstream(folder + "/running.json") << files[0].str();
  std::ofstream(folder + "/changes.jsonl") << files[1].str();

  Restart(kOne);

  EXPECT_EQ(SlotNamed("store").version(), "1.0.0");
  EXPECT_EQ(client_->List().changes(0).id(), id);
  EXPECT_EQ(client_->List().changes(0).state(), Change::STATE_ROLLED_BACK);
  EXPECT_EQ(stack_->log().Count("changes.not_confirmed"), 1u);
}

TEST_F(Changing, AddedAndRemovedSlotsAreKeptToo) {
  Start(std::string(kOne) + "  gone: {plugin: good}\n");
  ASSERT_TRUE(Apply(std::string(kOne) + "  other: {plugin: hosttest_probe_2}\n").ok());

  Restart(std::string(kOne) + "  gone: {plugin: good}\n");

  EXPECT_EQ(SlotNamed("other").version(), "2.0.0");
  EXPECT_EQ(SlotNamed("gone").name(), "");
}

// Half a line, as a loss of power leaves it, costs that line only.
TEST_F(Changing, ATornRecordIsReadOn) {
  Start(kOne);
  ASSERT_TRUE(client_->SwapAndWait("store", "hosttest_probe_2").ok());
  ASSERT_TRUE((*stack_)->Stop().ok());
  std::ofstream(stack_->dir() + "/data/changes/changes.jsonl", std::ios::app) << "{\"id\": \"c2\"";

  Restart(kOne);
  ASSERT_TRUE(client_->SwapAndWait("store", "hosttest_probe_1").ok());
  Restart(kOne);

  EXPECT_EQ(client_->List().changes_size(), 2);
  EXPECT_EQ(client_->List().changes(0).state(), Change::STATE_DONE);
}

}  // namespace
}  // namespace strata::host
