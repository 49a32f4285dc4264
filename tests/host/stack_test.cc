#include "core/host/stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "hosttest/data/v1/probe.pb.h"
#include "strata/core/v1/core.pb.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Status StartError(const std::string& slots, const std::string& head = "") {
  const auto stack = TestStack::Start(slots, head);
  return stack.status();
}

TEST(Stack, ServesItsPlugins) {
  auto stack = TestStack::Start("  store: {plugin: hosttest_probe_1}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  IngressCall call;

  EXPECT_EQ((*stack)->Call("", "Look", &call), STRATA_OK) << call.message();

  std::string why;
  EXPECT_TRUE((**stack)->Ready(&why)) << why;
  EXPECT_THAT((**stack)->ServiceNames(),
              ElementsAre("hosttest.data.v1.Probe", "strata.core.v1.Core"));
  EXPECT_THAT((**stack)->DescriptorSets(), Contains(HasSubstr("strata.hosting.v1")));
}

struct Refused {
  const char* name;
  const char* slots;
  const char* place;
  const char* reason;
};

class StackRefusals : public ::testing::TestWithParam<Refused> {};

TEST_P(StackRefusals, NamePlaceSlotAndReason) {
  const Status status = StartError(GetParam().slots);

  EXPECT_THAT(status.message(), AllOf(HasSubstr(GetParam().place), HasSubstr(GetParam().reason)));
}

INSTANTIATE_TEST_SUITE_P(
    All, StackRefusals,
    ::testing::Values(
        Refused{"NoPackage", "  a: {plugin: hosttest_prob_1}\n",
                "test.yaml:4: slot \"a\": ", "did you mean \"hosttest_probe_1\"?"},
        Refused{"BadPackage", "  a:\n    plugin: two_exports\n",
                "test.yaml:5: slot \"a\": ", "check \"exports\" failed"},
        Refused{"BadConfig",
                "  a:\n    plugin: hosttest_probe_1\n    config:\n      rows: 10\n      row: 1\n",
                "test.yaml:8: slot \"a\": ", "unknown setting \"row\"; did you mean \"rows\"?"},
        Refused{"BadConfigValue", "  a:\n    plugin: hosttest_probe_1\n    config: {rows: 1000}\n",
                "test.yaml:6: slot \"a\": ", "config.rows: must be at most 100"},
        Refused{"CreateFails", "  a: {plugin: create_fails}\n",
                "test.yaml:4: slot \"a\": ", "create: "},
        Refused{"CreateNull", "  a: {plugin: create_null}\n", "slot \"a\"", "gave no instance"},
        Refused{"StartFails", "  a: {plugin: start_fails}\n",
                "test.yaml:4: slot \"a\": ", "start: "},
        Refused{"Unhealthy", "  a: {plugin: unhealthy}\n",
                "test.yaml:4: slot \"a\": ", "health: "}),
    [](const auto& test) { return test.param.name; });

TEST(Stack, AnOptionalSlotMayFail) {
  auto stack = TestStack::Start(
      "  store: {plugin: hosttest_probe_1}\n"
      "  broken: {plugin: start_fails, optional: true}\n"
      "  above: {plugin: hosttest_probe_1, optional: true}\n");

  ASSERT_TRUE(stack.ok()) << stack.status().message();
  std::string why;
  EXPECT_TRUE((**stack)->Ready(&why)) << why;
  const StackReport report = (**stack)->Report();
  EXPECT_EQ(report.slots[1].state, "FAILED");
  EXPECT_FALSE(report.slots[1].serving);
  EXPECT_THAT(report.slots[1].reason, HasSubstr("start: "));
  EXPECT_EQ(report.slots[0].state, "ACTIVE");
  EXPECT_EQ((*stack)->log().Count("slot.failed"), 1u);
}

TEST(Stack, DefaultsAndStateDirAreGiven) {
  auto stack = TestStack::Start("  store: {plugin: hosttest_probe_1}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  IngressCall call;
  (*stack)->Call("store", "Look", &call);
  hosttest::data::v1::LookResponse response;
  response.ParseFromString(call.responses().at(0));

  EXPECT_EQ(response.seen(0).state_dir(), (*stack)->dir() + "/data/slots/store");
}

TEST(Stack, NamesAndDefaultsChooseTheSlot) {
  auto stack = TestStack::Start(
      "  a: {plugin: hosttest_probe_1}\n"
      "  b: {plugin: hosttest_probe_2}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  const auto pin = (**stack)->Enter(0);
  const auto code = [&](std::string_view slot, std::string_view method) {
    return (*pin)->FindMethod(slot, method).status().code();
  };

  EXPECT_EQ(code("b", "/hosttest.data.v1.Probe/Look"), Code::kOk);
  EXPECT_EQ(code("", "/hosttest.data.v1.Probe/Look"), Code::kFailedPrecondition);
  EXPECT_EQ(code("c", "/hosttest.data.v1.Probe/Look"), Code::kNotFound);
  EXPECT_EQ(code("a", "/hosttest.data.v1.Probe/None"), Code::kUnimplemented);
  EXPECT_EQ(code("a", "/other.v1.Service/Get"), Code::kUnimplemented);
  EXPECT_EQ(code("", "/other.v1.Service/Get"), Code::kUnimplemented);
  EXPECT_EQ(code("", "nonsense"), Code::kUnimplemented);
}

TEST(Stack, RoutesAndMenuComeFromTheServices) {
  auto stack = TestStack::Start(
      "  site: {plugin: hosttest_site}\n"
      "  other: {plugin: hosttest_site}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  const auto pin = (**stack)->Enter(0);

  const HttpRoute* const route = (*pin)->MatchHttp("/site/page");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->path, "/site");
  EXPECT_EQ(route->max_body_bytes, 10u);
  EXPECT_THAT(route->scopes, ElementsAre("patient/*.rs"));
  EXPECT_EQ(route->handle.slot, "site");
  EXPECT_EQ(route->handle.kind, STRATA_BIDI);
  EXPECT_TRUE((*pin)->MatchHttp("/shared/othe/x")->long_lived);
  EXPECT_EQ((*pin)->MatchHttp("/sitex"), nullptr);
  ASSERT_EQ((*pin)->Menu().size(), 2u);
  EXPECT_EQ((*pin)->Menu()[0].label, "other");
}

TEST(Stack, EachAudienceHasRoutesAndMenuOfItsOwn) {
  auto stack = TestStack::Start("  site: {plugin: hosttest_site}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  const auto client = (**stack)->Enter(0);
  const auto operators = (**stack)->operators()->Enter(0);

  EXPECT_EQ((*client)->MatchHttp("/site/office")->path, "/site");
  ASSERT_NE((*operators)->MatchHttp("/site/office"), nullptr);
  EXPECT_EQ((*operators)->MatchHttp("/site/office")->path, "/site/office");
  EXPECT_EQ((*operators)->MatchHttp("/site/page"), nullptr);
  ASSERT_EQ((*operators)->Menu().size(), 1u);
  EXPECT_EQ((*operators)->Menu()[0].label, "site office");
  ASSERT_EQ((*client)->Menu().size(), 1u);
  EXPECT_EQ((*client)->Menu()[0].label, "site");
}

TEST(Stack, TwoServicesWithOneRouteAreRefused) {
  const std::string slots =
      "  site: {plugin: hosttest_site}\n"
      "  site2: {plugin: hosttest_site";

  EXPECT_THAT(StartError(slots + "}\n").message(),
              AllOf(HasSubstr("test.yaml:5: slot \"site2\""),
                    HasSubstr("its route /shared/site is that of slot \"site\"")));
  EXPECT_TRUE(TestStack::Start(slots + ", optional: true}\n").ok());
}

TEST(Stack, StatusIsAServiceOfTheCore) {
  auto stack = TestStack::Start(
      "  store: {plugin: hosttest_probe_2}\n"
      "  record: {plugin: hosttest_probe_1, requires: {next: store}}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  const auto pin = (**stack)->Enter(0);
  const auto target = (*pin)->FindMethod("", "/strata.core.v1.Core/Status");
  ASSERT_TRUE(target.ok()) << target.status().message();
  IngressCall call;

  ASSERT_EQ((*pin)->Call(*target, call.call()), STRATA_OK) << call.message();

  core::v1::StatusResponse status;
  ASSERT_TRUE(status.ParseFromString(call.responses().at(0)));
  EXPECT_EQ(status.stack(), "test");
  EXPECT_TRUE(status.ready());
  ASSERT_EQ(status.slots_size(), 2);
  EXPECT_EQ(status.slots(0).version(), "2.0.0");
  EXPECT_EQ(status.slots(0).digest().size(), 64u);
  EXPECT_EQ(status.slots(1).bindings(0).slot(), "store");
  EXPECT_EQ(status.slots(1).health().state(), core::v1::Health::STATE_SERVING);
}

TEST(Stack, PackagesAreListedWithTheirProblems) {
  auto stack = TestStack::Start("  store: {plugin: hosttest_probe_1}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  const auto pin = (**stack)->Enter(0);
  IngressCall call;
  ASSERT_EQ(
      (*pin)->Call(*(*pin)->FindMethod("core", "/strata.core.v1.Core/ListPlugins"), call.call()),
      STRATA_OK);

  core::v1::ListPluginsResponse list;
  ASSERT_TRUE(list.ParseFromString(call.responses().at(0)));
  int broken = 0;
  bool found = false;
  for (const auto& package : list.packages()) {
    broken += package.problem().empty() ? 0 : 1;
    found = found || (package.plugin() == "hosttest.probe" && package.slots_size() == 1 &&
                      package.slots(0) == "store");
  }
  EXPECT_TRUE(found);
  EXPECT_GE(broken, 6);
}

TEST(Stack, StopLetsRequestsInFlightFinish) {
  auto stack = TestStack::Start("  store: {plugin: hosttest_probe_1}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  hosttest::data::v1::LookRequest request;
  request.set_hold_us(100'000);
  IngressCall call(request.SerializeAsString());
  auto pin = (**stack)->Enter(0);
  strata_code code = STRATA_UNKNOWN;
  std::thread caller([&] {
    code = (*pin)->Call(*(*pin)->FindMethod("store", "/hosttest.data.v1.Probe/Look"), call.call());
    pin->reset();
  });

  EXPECT_TRUE((**stack)->Stop().ok());
  caller.join();

  EXPECT_EQ(code, STRATA_OK);
  EXPECT_EQ((**stack)->Enter(0).status().code(), Code::kUnavailable);
  std::string why;
  EXPECT_FALSE((**stack)->Ready(&why));
  EXPECT_EQ(why, "the stack is stopping");
  EXPECT_EQ((**stack)->Report().slots[0].state, "RETIRED");
}

TEST(Stack, StopCancelsWhatDoesNotEnd) {
  auto stack =
      TestStack::Start("  store: {plugin: hosttest_probe_1}\n", "timeouts: {drain: 20ms}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  IngressCall call;
  strata_code code = STRATA_OK;
  std::thread caller([&] { code = (*stack)->Call("store", "Hang", &call); });
  call.WaitForResponses(1);

  EXPECT_TRUE((**stack)->Stop().ok());
  caller.join();

  EXPECT_EQ(code, STRATA_UNAVAILABLE);
  EXPECT_EQ((*stack)->log().Count("stack.cancelled_requests"), 1u);
}

TEST(Stack, ConsumersStopBeforeTheirProviders) {
  auto stack = TestStack::Start(
      "  record: {plugin: hosttest_probe_1, requires: {next: store}}\n"
      "  store: {plugin: hosttest_probe_1}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();

  ASSERT_TRUE((**stack)->Stop().ok());

  std::vector<std::string> stopped;
  for (const std::string& line : (*stack)->log().Lines()) {
    if (line.find("slot.stopped") != std::string::npos) stopped.push_back(line);
  }
  EXPECT_THAT(stopped, ElementsAre(HasSubstr("\"record\""), HasSubstr("\"store\"")));
}

TEST(Stack, ASlowDrainDoesNotHoldUpTheRest) {
  auto stack = TestStack::Start("  slow: {plugin: slow_stop}\n", "timeouts: {drain: 20ms}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();

  EXPECT_TRUE((**stack)->Stop().ok());

  EXPECT_EQ((*stack)->log().Count("slot.stopped"), 1u);
}

TEST(Stack, LogsTellItsLife) {
  auto stack = TestStack::Start("  store: {plugin: hosttest_probe_1}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  ASSERT_TRUE((**stack)->Stop().ok());

  for (const char* event :
       {"slot.active", "stack.started", "stack.stopping", "slot.stopped", "stack.stopped"}) {
    EXPECT_EQ((*stack)->log().Count(event), 1u) << event;
  }
}

TEST(Stack, MetricsAreInPrometheusText) {
  auto stack = TestStack::Start("  store: {plugin: hosttest_probe_1}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();

  const std::string text = (**stack)->MetricsText();

  EXPECT_THAT(text, HasSubstr("# TYPE strata_slot_up gauge\nstrata_slot_up{slot=\"store\",plugin="
                              "\"hosttest.probe\",version=\"1.0.0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("strata_slot_call_seconds_bucket{slot=\"store\",le=\"+Inf\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("strata_generation 3\n"));
}

// An answer may come from another thread, after handle() has returned.
TEST(Stack, AnAnswerMayComeLater) {
  auto stack = TestStack::Start("  later: {plugin: answers_later}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();

  IngressCall call("text");

  EXPECT_EQ((*stack)->Call("later", "/fixture.v1.Echo/Echo", &call), STRATA_OK);
  EXPECT_THAT(call.responses(), ElementsAre("text"));
  EXPECT_EQ((*stack)->log().Count("plugin.misbehaving"), 0u);
  EXPECT_TRUE((**stack)->Stop().ok());
}

// Who does not answer when it is asked for its health is not waited for, and hides nobody else.
TEST(Stack, AHealthThatHangsIsGivenUp) {
  auto stack = TestStack::Start("  silent: {plugin: hangs_in_health}\n  other: {plugin: good}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  StackReport report;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  do {
    report = (**stack)->Report();
  } while (report.slots[0].reason.empty() && std::chrono::steady_clock::now() < until);

  EXPECT_EQ(report.slots[0].reason, "health did not return in time");
  EXPECT_TRUE(report.slots[1].reason.empty());
  std::string why;
  EXPECT_FALSE((**stack)->Ready(&why));
  EXPECT_THAT(why, HasSubstr("silent"));
}

// A plugin that breaks the protocol is caught, named and answered for.
TEST(Stack, OddAnswersBecomeInternal) {
  auto stack = TestStack::Start("  odd: {plugin: odd_answers}\n");
  ASSERT_TRUE(stack.ok()) << stack.status().message();
  const auto pin = (**stack)->Enter(0);
  const auto target = (*pin)->FindMethod("odd", "/fixture.v1.Echo/Echo");

  for (const char* kind : {"n", "t", "c", "p"}) {
    IngressCall call(kind);
    EXPECT_EQ((*pin)->Call(*target, call.call()), STRATA_INTERNAL) << kind;
  }
  EXPECT_EQ((*stack)->log().Count("plugin.misbehaving"), 4u);
}

}  // namespace
}  // namespace strata::host
