#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/host/stack.h"
#include "hosttest/data/v1/probe.pb.h"
#include "strata/common/v1/common.pb.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Probe = hosttest::data::v1::LookRequest;

std::string Auth(const std::string& subject) {
  common::v1::AuthContext auth;
  auth.set_assurance(common::v1::AuthContext::ASSURANCE_TOKEN);
  auth.set_subject(subject);
  auth.set_request_id("request-7");
  return auth.SerializeAsString();
}

common::v1::AuthContext ParseAuth(const std::string& bytes) {
  common::v1::AuthContext auth;
  EXPECT_TRUE(auth.ParseFromString(bytes));
  return auth;
}

// service -> record -> store, all probes.
class RouterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto stack = TestStack::Start(
        "  store: {plugin: hosttest_probe_1}\n"
        "  record: {plugin: hosttest_probe_1, requires: {next: store}}\n"
        "  service: {plugin: hosttest_probe_1, requires: {next: record}}\n",
        "limits: {requests: 2}\ntimeouts: {drain: 5s}\n");
    ASSERT_TRUE(stack.ok()) << stack.status().message();
    stack_ = *std::move(stack);
  }

  // Looks through three hops, as clinician unless `call` says otherwise.
  hosttest::data::v1::LookResponse Look(Probe::Mode mode, IngressCall* call) {
    EXPECT_EQ(stack_->Call("service", "Look", call), STRATA_OK) << call->message();
    hosttest::data::v1::LookResponse response;
    EXPECT_EQ(call->responses().size(), 1u) << Probe::Mode_Name(mode);
    if (!call->responses().empty()) response.ParseFromString(call->responses()[0]);
    return response;
  }

  static std::string Request(Probe::Mode mode, std::uint32_t hops = 2) {
    Probe request;
    request.set_hops(hops);
    request.set_mode(mode);
    return request.SerializeAsString();
  }

  std::unique_ptr<TestStack> stack_;
};

TEST_F(RouterTest, IdentityFollowsTheRequestThroughEveryHop) {
  IngressCall call(Request(Probe::MODE_UNSPECIFIED));
  call.SetAuth(Auth("clinician"));

  const auto response = Look(Probe::MODE_UNSPECIFIED, &call);

  ASSERT_EQ(response.seen_size(), 3);
  for (const auto& seen : response.seen()) EXPECT_EQ(seen.auth(), Auth("clinician"));
}

TEST_F(RouterTest, AForgedIdentityIsOverwritten) {
  IngressCall call(Request(Probe::MODE_FORGED));
  call.SetAuth(Auth("clinician"));

  const auto response = Look(Probe::MODE_FORGED, &call);

  ASSERT_EQ(response.seen_size(), 3);
  EXPECT_EQ(response.seen(1).auth(), Auth("clinician"));
}

TEST_F(RouterTest, LeavingTheParentOutDoesNotChangeWhoAsks) {
  IngressCall call(Request(Probe::MODE_NO_PARENT));
  call.SetAuth(Auth("clinician"));

  const auto response = Look(Probe::MODE_NO_PARENT, &call);

  ASSERT_EQ(response.seen_size(), 3);
  EXPECT_EQ(response.seen(1).auth(), Auth("clinician"));
}

TEST_F(RouterTest, BackgroundWorkHasThePluginsOwnIdentity) {
  IngressCall call(Request(Probe::MODE_POOL));
  call.SetAuth(Auth("clinician"));

  const auto response = Look(Probe::MODE_POOL, &call);

  ASSERT_EQ(response.seen_size(), 3);
  const auto auth = ParseAuth(response.seen(1).auth());
  EXPECT_EQ(auth.assurance(), common::v1::AuthContext::ASSURANCE_SYSTEM);
  EXPECT_EQ(auth.subject(), "slot:service");
  EXPECT_FALSE(auth.request_id().empty());
}

TEST_F(RouterTest, BackgroundWorkWithoutADeadlineIsRefused) {
  IngressCall call(Request(Probe::MODE_NO_DEADLINE));

  const auto response = Look(Probe::MODE_NO_DEADLINE, &call);

  EXPECT_EQ(response.seen(0).code(), STRATA_INVALID_ARGUMENT);
  EXPECT_THAT(response.seen(0).message(), HasSubstr("deadline"));
  EXPECT_EQ(stack_->log().Count("plugin.misbehaving"), 1u);
}

TEST_F(RouterTest, AParentThatIsNotServedIsRefused) {
  IngressCall call(Request(Probe::MODE_STALE));

  const auto response = Look(Probe::MODE_STALE, &call);

  EXPECT_EQ(response.seen(0).code(), STRATA_INVALID_ARGUMENT);
  EXPECT_EQ(stack_->log().Count("plugin.misbehaving"), 1u);
}

TEST_F(RouterTest, TheEarlierDeadlineCounts) {
  Probe request;
  request.set_hops(2);
  request.set_timeout_us(1'000'000);
  IngressCall later(request.SerializeAsString());
  later.call()->deadline_us = InUs(std::chrono::seconds(60));
  IngressCall sooner(request.SerializeAsString());
  sooner.call()->deadline_us = InUs(std::chrono::milliseconds(900));

  const auto cut = Look(Probe::MODE_UNSPECIFIED, &later);
  const auto kept = Look(Probe::MODE_UNSPECIFIED, &sooner);

  EXPECT_EQ(cut.seen(0).deadline_us(), later.call()->deadline_us);
  EXPECT_LT(cut.seen(1).deadline_us(), later.call()->deadline_us);
  for (const auto& seen : kept.seen()) {
    EXPECT_EQ(seen.deadline_us(), sooner.call()->deadline_us);
  }
}

TEST_F(RouterTest, APassedDeadlineIsNotServed) {
  IngressCall call(Request(Probe::MODE_UNSPECIFIED));
  call.call()->deadline_us = InUs(std::chrono::seconds(-1));

  EXPECT_EQ(stack_->Call("service", "Look", &call), STRATA_DEADLINE_EXCEEDED);
  EXPECT_TRUE(call.responses().empty());
}

TEST_F(RouterTest, MetadataIsPassedDown) {
  IngressCall call(Request(Probe::MODE_UNSPECIFIED));
  call.AddMetadata("traceparent", "00-aa-bb-01");
  call.AddMetadata("x-key", "1");

  const auto response = Look(Probe::MODE_UNSPECIFIED, &call);

  EXPECT_THAT(response.seen(2).metadata(), ElementsAre("traceparent=00-aa-bb-01", "x-key=1"));
}

TEST_F(RouterTest, TheTraceOfTheRequestCannotBeReplaced) {
  IngressCall call(Request(Probe::MODE_OWN_METADATA));
  call.AddMetadata("traceparent", "00-aa-bb-01");

  const auto response = Look(Probe::MODE_OWN_METADATA, &call);

  EXPECT_THAT(response.seen(1).metadata(), ElementsAre("x-own=1", "traceparent=00-aa-bb-01"));
}

TEST_F(RouterTest, CancellationReachesTheLastHop) {
  hosttest::data::v1::HangRequest request;
  request.set_hops(2);
  IngressCall call(request.SerializeAsString());
  strata_code code = STRATA_OK;
  std::thread caller([&] { code = stack_->Call("service", "Hang", &call); });

  call.WaitForResponses(1);
  call.Cancel();
  caller.join();

  EXPECT_EQ(code, STRATA_CANCELLED);
}

TEST_F(RouterTest, ACallThatIsCancelledAlreadyEndsToo) {
  IngressCall call;
  call.Cancel();

  EXPECT_EQ(stack_->Call("store", "Hang", &call), STRATA_CANCELLED);
}

TEST_F(RouterTest, ADeadlineWakesWhoWaits) {
  hosttest::data::v1::HangRequest request;
  request.set_hops(2);
  IngressCall call(request.SerializeAsString());
  call.call()->deadline_us = InUs(std::chrono::milliseconds(30));

  EXPECT_EQ(stack_->Call("service", "Hang", &call), STRATA_DEADLINE_EXCEEDED);
}

TEST_F(RouterTest, StreamsRunBothWays) {
  IngressCall call;
  call.AddRequest("");
  call.AddRequest("");

  EXPECT_EQ(stack_->Call("service", "Repeat", &call), STRATA_OK);
  EXPECT_EQ(call.responses().size(), 2u);
}

TEST_F(RouterTest, MoreRequestsThanAllowedAreRefused) {
  const auto first = (*stack_)->Enter(0);
  const auto second = (*stack_)->Enter(0);

  EXPECT_EQ((*stack_)->Enter(0).status().code(), Code::kResourceExhausted);
  EXPECT_TRUE(first.ok() && second.ok());
}

TEST_F(RouterTest, LogsCarrySlotPluginAndRequest) {
  Probe request;
  request.set_log(true);
  IngressCall call(request.SerializeAsString());
  call.SetAuth(Auth("clinician"));

  Look(Probe::MODE_UNSPECIFIED, &call);

  const auto lines = stack_->log().Lines();
  EXPECT_THAT(lines, Contains(HasSubstr(
                         R"("event":"probe.look","slot":"service","plugin":"hosttest.probe",)"
                         R"("version":"1.0.0","request_id":"request-7","hops":"0")")));
  for (const std::string& line : lines) EXPECT_THAT(line, Not(HasSubstr("clinician")));
}

TEST_F(RouterTest, CallsAreCountedPerSlot) {
  IngressCall call(Request(Probe::MODE_UNSPECIFIED));
  Look(Probe::MODE_UNSPECIFIED, &call);

  const StackReport report = (*stack_)->Report();

  // One more at the start, when its consumer looked at it.
  EXPECT_EQ(report.slots[0].calls, 2u);
  EXPECT_EQ(report.slots[2].calls, 1u);
  EXPECT_EQ(report.slots[0].errors, 0u);
  EXPECT_EQ(report.slots[0].in_flight, 0u);
  EXPECT_GT(report.slots[2].p99_us, report.slots[0].p50_us);
}

TEST_F(RouterTest, PluginMetricsAreExposed) {
  IngressCall call(Request(Probe::MODE_UNSPECIFIED));
  Look(Probe::MODE_UNSPECIFIED, &call);

  const std::string text = (*stack_)->MetricsText();

  EXPECT_THAT(text, HasSubstr("strata_plugin_lookups_total{slot=\"service\",kind=\"a\\\"b\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("strata_slot_calls_total{slot=\"service\",code=\"OK\"} 1\n"));
}

}  // namespace
}  // namespace strata::host
