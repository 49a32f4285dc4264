// A plugin behaves in a process of its own as it does in the core's.
#include <gmock/gmock.h>

#include <thread>

#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(IsolatedCalls, CarryAllKinds) {
  ProbeHost probe;
  ASSERT_TRUE(probe.added.ok()) << probe.added.ToString();
  EXPECT_EQ(probe.Do("echo hello"), "hello");
  EXPECT_EQ(probe.Do("5", "Count"), "01234");

  TestCall join;
  join.Stream({"a", "b", "", "c"});
  EXPECT_EQ(join.Run(probe.host, "probe", "Join"), Code::kOk);
  EXPECT_EQ(join.joined(), "abc");

  TestCall chat;
  chat.Stream({"x", "y"});
  EXPECT_EQ(chat.Run(probe.host, "probe", "Chat"), Code::kOk);
  EXPECT_THAT(chat.responses, ElementsAre("re:x", "re:y"));
}

TEST(IsolatedCalls, CarryLargeMessages) {
  ProbeHost probe;
  const std::string large(std::size_t{4} << 20, 'x');
  EXPECT_EQ(probe.Do("echo " + large), large);
}

// The caller's source is asked when the callee reads, not before: conversations work.
TEST(IsolatedCalls, ReadOnlyOnDemand) {
  ProbeHost probe;
  TestCall chat;
  chat.Stream({"1", "2", "bye", "never"});
  EXPECT_EQ(chat.Run(probe.host, "probe", "Chat"), Code::kOk);
  EXPECT_THAT(chat.order, ElementsAre("read", "write:re:1", "read", "write:re:2", "read"));

  TestCall early;
  early.Stream({"stop", "never"});
  EXPECT_EQ(early.Run(probe.host, "probe", "Join"), Code::kAlreadyExists);
  EXPECT_THAT(early.order, ElementsAre("read"));
}

TEST(IsolatedCalls, SayThatAnUploadBroke) {
  ProbeHost probe;
  TestCall join;
  join.Stream({"a"});
  join.break_stream = true;
  EXPECT_EQ(join.Run(probe.host, "probe", "Join"), Code::kAborted);
}

TEST(IsolatedCalls, KeepStatusDetailsAndTrailers) {
  ProbeHost probe;
  TestCall call("fail");
  EXPECT_EQ(call.Run(probe.host, "probe", "Do"), Code::kFailedPrecondition);
  EXPECT_EQ(call.message, "as \xc3\xa4sked");
  EXPECT_EQ(call.details, std::string("\0d\xff", 3));
  EXPECT_EQ(call.trailers["x-reason"], "because");
}

TEST(IsolatedCalls, KeepTheRulesOfAnswers) {
  ProbeHost probe;
  EXPECT_EQ(probe.Do("none"), "INTERNAL");
  EXPECT_EQ(probe.Do("twice"), "INTERNAL");
}

TEST(IsolatedCalls, PassIdentityMetadataAndDeadline) {
  ProbeHost probe;
  FakeRequest request({.auth = "who"});
  const std::string raw("\0\xff", 2);
  const strata_kv kvs[2] = {{abi::Str("traceparent"), abi::Bytes("00-1-2-03")},
                            {abi::Str("x-bin"), abi::Bytes(raw)}};
  const auto ask = [&](std::string what) {
    TestCall call(std::move(what));
    call.parent = request.context().call();
    call.metadata = kvs;
    call.metadata_count = 2;
    EXPECT_EQ(call.Run(probe.host, "probe", "Do"), Code::kOk);
    return call.joined();
  };
  EXPECT_EQ(ask("auth"), "who");
  EXPECT_EQ(ask("meta traceparent"), "00-1-2-03");
  EXPECT_EQ(ask("meta x-bin"), raw);
  EXPECT_EQ(ask("deadline"), "some");
}

TEST(IsolatedCalls, AreCancelledByTheCaller) {
  ProbeHost probe;
  TestCall call("3 hang", /*timeout_ms=*/0);
  std::thread canceller([&] {
    while (probe.Do("echo x") != "x") {
    }
    call.Cancel();
  });
  EXPECT_EQ(call.Run(probe.host, "probe", "Count"), Code::kCancelled);
  canceller.join();
  EXPECT_EQ(probe.Report().restarts, 0u);
}

TEST(IsolatedCalls, EndAtTheirDeadline) {
  ProbeHost probe;
  TestCall call("sleep 10000", /*timeout_ms=*/50);
  EXPECT_EQ(call.Run(probe.host, "probe", "Do"), Code::kDeadlineExceeded);
  EXPECT_EQ(probe.Report().restarts, 0u);
}

TEST(IsolatedCalls, StopWhenTheCallerHasHeardEnough) {
  ProbeHost probe;
  TestCall call("100000");
  call.refuse_after = 3;
  EXPECT_EQ(call.Run(probe.host, "probe", "Count"), Code::kCancelled);
  EXPECT_EQ(call.joined(), "012");
  EXPECT_EQ(probe.Do("echo still here"), "still here");
}

// Plugins that call other slots: "low" and, bound to it as "peer", "high".
class Nested : public ::testing::Test {
 protected:
  void SetUp() override {
    host_.SetStateDir(folder_.path());
    for (auto* plugin : {&low_, &high_}) {
      auto opened = isolation::RemotePlugin::Open(SpecOf(folder_.path()));
      ASSERT_TRUE(opened.ok()) << opened.status().ToString();
      *plugin = *opened;
    }
    ASSERT_TRUE(host_.Add("low", low_.get()).ok());
    ASSERT_TRUE(host_.Add("high", high_.get(), "{}", {{"peer", "low"}}).ok());
  }

  std::string Ask(std::string what) {
    FakeRequest request({.auth = "who"});
    TestCall call(std::move(what));
    call.parent = request.context().call();
    const Code code = call.Run(host_, "high", "Do");
    return code == Code::kOk ? call.joined() : std::string(CodeName(code)) + ":" + call.message;
  }

  TempFolder folder_;
  std::shared_ptr<const strata_plugin> low_;
  std::shared_ptr<const strata_plugin> high_;
  FakeHost host_;
};

TEST_F(Nested, CallsKeepWhoIsAsking) {
  EXPECT_EQ(Ask("peer /isolationtest.v1.Probe/Do auth"), "who");
  EXPECT_EQ(Ask("peer-implied /isolationtest.v1.Probe/Do auth"), "who");
  EXPECT_EQ(Ask("peer-background /isolationtest.v1.Probe/Do auth"), "");
  EXPECT_EQ(Ask("peer /isolationtest.v1.Probe/Count 4"), "0123");
  EXPECT_THAT(Ask("peer /isolationtest.v1.Probe/Do fail"),
              HasSubstr("FAILED_PRECONDITION:as \xc3\xa4sked"));
  EXPECT_EQ(Ask("peer /other.v1.Service/Get x"), "PERMISSION_DENIED:not granted");
}

TEST_F(Nested, CallsAreCancelledWithTheirParent) {
  TestCall call("peer /isolationtest.v1.Probe/Count 1 hang", /*timeout_ms=*/300);
  EXPECT_EQ(call.Run(host_, "high", "Do"), Code::kDeadlineExceeded);
  EXPECT_EQ(Ask("echo x"), "x");
}

TEST(IsolatedHost, GetsLinesMetricsAndOutput) {
  ProbeHost probe;
  EXPECT_EQ(probe.Do("log"), "ok");
  EXPECT_EQ(probe.Do("print"), "ok");
  const auto has = [&](std::string_view event) {
    for (const LogLine& line : probe.host.Logs()) {
      if (line.event == event) return true;
    }
    return false;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (
      std::chrono::steady_clock::now() < until &&
      !(has("probe.event") && has("plugin.output") && probe.host.MetricValue("probe_total") == 2)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(has("probe.event"));
  EXPECT_TRUE(has("plugin.output"));
  EXPECT_EQ(probe.host.MetricValue("probe_total"), 2);
}

TEST(IsolatedHost, GivesConfigAndFolders) {
  ProbeHost probe(R"({"mode":"x"})");
  EXPECT_EQ(probe.Do("config"), R"({"mode":"x"})");
  EXPECT_EQ(probe.Do("dirs"), "probe " + probe.folder.path());
}

}  // namespace
}  // namespace strata::testing
