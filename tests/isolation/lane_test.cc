// Lanes: frames, nested calls within nested calls, early ends, and peers that break the rules.
#include "core/isolation/lane.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "core/isolation/lane_call.h"
#include "core/isolation/laned_call.h"
#include "core/isolation/lanes.h"
#include "core/sdk/strata/abi.h"
#include "strata/isolation/v1/isolation.pb.h"
#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

using isolation::Lane;
using isolation::LanedCall;
using isolation::LaneFrame;
using isolation::LaneKind;
using ::testing::ElementsAre;

struct Ends {
  Ends() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    core = std::make_unique<Lane>(base::UniqueFd(ends[0]));
    process = std::make_unique<Lane>(base::UniqueFd(ends[1]));
  }
  std::unique_ptr<Lane> core;
  std::unique_ptr<Lane> process;
};

TEST(LaneFrames, ArriveWholeHoweverLarge) {
  Ends ends;
  const std::string large(std::size_t{5} << 20, 'x');
  std::thread sender([&] {
    const std::string_view body = large;
    EXPECT_EQ(ends.core->Send(LaneKind::kCall, "head", &body, 0), Lane::Result::kDone);
    EXPECT_EQ(ends.core->Send(LaneKind::kMore, {}, nullptr, 0), Lane::Result::kDone);
  });
  LaneFrame frame;
  ASSERT_EQ(ends.process->Receive(&frame, 0), Lane::Result::kDone);
  EXPECT_EQ(frame.kind, LaneKind::kCall);
  EXPECT_EQ(frame.head, "head");
  EXPECT_TRUE(frame.with_body);
  EXPECT_EQ(frame.body, large);
  ASSERT_EQ(ends.process->Receive(&frame, 0), Lane::Result::kDone);
  EXPECT_EQ(frame.kind, LaneKind::kMore);
  EXPECT_FALSE(frame.with_body);
  sender.join();
}

TEST(LaneFrames, AreWaitedForUntilTheDeadlineOrTheEnd) {
  Ends ends;
  LaneFrame frame;
  EXPECT_EQ(ends.process->Receive(&frame, abi::MonotonicUs() + 1000), Lane::Result::kLate);
  std::thread waiting([&] { EXPECT_EQ(ends.process->Receive(&frame, 0), Lane::Result::kGone); });
  ends.core->Shut();
  waiting.join();
  EXPECT_EQ(ends.process->Send(LaneKind::kEnd, {}, nullptr, 0), Lane::Result::kGone);
}

TEST(LaneFrames, ThatAreTooLargeAreNotWaitedFor) {
  Ends ends;
  const std::string announced(12, '\xff');
  ASSERT_EQ(::write(ends.core->descriptor(), announced.data(), announced.size()), 12);
  LaneFrame frame;
  EXPECT_EQ(ends.process->Receive(&frame, 0), Lane::Result::kGone);
}

TEST(Descriptors, AreHandedOver) {
  int control[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
  const base::UniqueFd ours(control[0]);
  base::UniqueFd theirs(control[1]);
  Ends ends;
  ASSERT_TRUE(isolation::SendDescriptor(ours.get(), ends.process->descriptor()));
  Lane copy(isolation::ReceiveDescriptor(theirs.get()));
  EXPECT_EQ(copy.Send(LaneKind::kReady, {}, nullptr, 0), Lane::Result::kDone);
  LaneFrame frame;
  EXPECT_EQ(ends.core->Receive(&frame, 0), Lane::Result::kDone);
  theirs = base::UniqueFd();
  EXPECT_FALSE(isolation::ReceiveDescriptor(ours.get()));
}

// A call of the core, whose process is this test: `serve` runs in place of the plugin.
class LaneCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::make_unique<TempFolder>();
    host_.SetStateDir(folder_->path());
    auto opened = isolation::RemotePlugin::Open(SpecOf(folder_->path()));
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    probe_ = *opened;
    ASSERT_TRUE(host_.Add("probe", probe_.get()).ok());
  }

  template <typename Serve>
  isolation::Forwarded Run(TestCall* call, const Serve& serve) {
    const CallFrame frame_of_host;
    call->host_ref = reinterpret_cast<std::uint64_t>(&frame_of_host);
    Ends ends;
    std::thread process([&] {
      LaneFrame frame;
      if (ends.process->Receive(&frame, 0) == Lane::Result::kDone) serve(ends.process.get(), frame);
    });
    const auto done = isolation::CallOnLane(ends.core.get(), host_.Client().raw(), {},
                                            isolation::Shape::kUnary, call);
    ends.core->Shut();
    process.join();
    return done;
  }

  isolation::v1::CallHead HeadOf(std::string_view method) {
    const strata_host* const h = host_.Client().raw();
    isolation::v1::CallHead head;
    head.set_handle(h->resolve(h, abi::Str("probe"), abi::Str(method)));
    head.set_deadline_us(abi::MonotonicUs() + 20'000'000);
    return head;
  }

  std::unique_ptr<TempFolder> folder_;
  std::shared_ptr<const strata_plugin> probe_;
  FakeHost host_;
};

// A nested call whose responses a test looks at as they come.
struct Heard : strata_call {
  explicit Heard(std::string text) : strata_call{}, request_text(std::move(text)) {
    struct_size = sizeof(strata_call);
    ops = &kOps;
    request = abi::Bytes(request_text);
  }
  std::string request_text;
  std::vector<std::string> responses;
  std::function<strata_code()> on_response = [] { return STRATA_OK; };
  static const strata_call_ops kOps;
};

const strata_call_ops Heard::kOps = {sizeof(strata_call_ops),
                                     [](strata_call* c, strata_bytes bytes) {
                                       auto& self = static_cast<Heard&>(*c);
                                       self.responses.emplace_back(abi::View(bytes));
                                       return self.on_response();
                                     },
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr};

TEST_F(LaneCalls, NestWithinTheAnswersOfNestedCalls) {
  Heard count("4");
  Heard echo("echo inner");
  strata_code inner = STRATA_UNKNOWN;
  strata_code outer = STRATA_UNKNOWN;
  TestCall call("x", /*timeout_ms=*/20'000);
  const auto done = Run(&call, [&](Lane* lane, const LaneFrame& frame) {
    CancelSource cancel;
    const isolation::v1::CallHead head;
    LanedCall served(lane, &cancel, head, frame.body, /*one_response=*/true, /*may_finish=*/false);
    count.on_response = [&]() -> strata_code {
      if (count.responses.size() == 2) {
        served.CallCore(HeadOf("/isolationtest.v1.Probe/Do"), &echo, &inner);
      }
      return STRATA_OK;
    };
    EXPECT_TRUE(served.CallCore(HeadOf("/isolationtest.v1.Probe/Count"), &count, &outer));
    served.ops->write(&served, abi::Bytes("answer"));
    EXPECT_TRUE(served.End(STRATA_OK));
  });
  EXPECT_EQ(done.code, STRATA_OK);
  EXPECT_EQ(call.joined(), "answer");
  EXPECT_EQ(outer, STRATA_OK);
  EXPECT_THAT(count.responses, ElementsAre("0", "1", "2", "3"));
  EXPECT_EQ(inner, STRATA_OK);
  EXPECT_THAT(echo.responses, ElementsAre("inner"));
}

TEST_F(LaneCalls, StopANestedCallThatHasSaidEnough) {
  Heard count("100000");
  strata_code code = STRATA_UNKNOWN;
  TestCall call("x", /*timeout_ms=*/20'000);
  const auto done = Run(&call, [&](Lane* lane, const LaneFrame& frame) {
    CancelSource cancel;
    const isolation::v1::CallHead head;
    LanedCall served(lane, &cancel, head, frame.body, /*one_response=*/true, /*may_finish=*/false);
    count.on_response = [&] { return count.responses.size() < 3 ? STRATA_OK : STRATA_CANCELLED; };
    EXPECT_TRUE(served.CallCore(HeadOf("/isolationtest.v1.Probe/Count"), &count, &code));
    served.ops->write(&served, abi::Bytes("goes on"));
    EXPECT_TRUE(served.End(STRATA_OK));
  });
  EXPECT_EQ(done.code, STRATA_OK);
  EXPECT_EQ(call.joined(), "goes on");
  EXPECT_EQ(code, STRATA_CANCELLED);
  EXPECT_THAT(count.responses, ElementsAre("0", "1", "2"));
}

TEST_F(LaneCalls, ToAProcessThatBreaksTheRulesAreBroken) {
  for (const LaneKind wrong : {LaneKind::kMore, LaneKind::kCall, static_cast<LaneKind>(99)}) {
    TestCall call("x", /*timeout_ms=*/20'000);
    const auto done =
        Run(&call, [&](Lane* lane, const LaneFrame&) { lane->Send(wrong, {}, nullptr, 0); });
    EXPECT_TRUE(done.broken);
    EXPECT_FALSE(done.delivered);
  }
  TestCall call("x", /*timeout_ms=*/20'000);
  const auto garbled = Run(&call, [&](Lane* lane, const LaneFrame&) {
    const std::string_view body = "request";
    lane->Send(LaneKind::kNested, "no head", &body, 0);
  });
  EXPECT_TRUE(garbled.broken);
}

TEST_F(LaneCalls, WithAHandleThatWasNotGivenAreRefused) {
  Heard nested("x");
  strata_code code = STRATA_OK;
  TestCall call("x", /*timeout_ms=*/20'000);
  Run(&call, [&](Lane* lane, const LaneFrame& frame) {
    CancelSource cancel;
    isolation::v1::CallHead head;
    LanedCall served(lane, &cancel, head, frame.body, /*one_response=*/true, /*may_finish=*/false);
    head.set_handle(std::uint64_t{7} << 32);
    EXPECT_TRUE(served.CallCore(head, &nested, &code));
    served.End(STRATA_INTERNAL);
  });
  EXPECT_EQ(code, STRATA_PERMISSION_DENIED);
  EXPECT_TRUE(nested.responses.empty());
}

}  // namespace
}  // namespace strata::testing
