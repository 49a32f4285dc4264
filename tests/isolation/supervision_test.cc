// What becomes of an isolated plugin that crashes, hangs or is killed.
#include <gmock/gmock.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

bool Eventually(const std::function<bool()>& condition) {
  const auto until = steady_clock::now() + std::chrono::seconds(20);
  while (steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return false;
}

TEST(IsolatedCrash, IsFollowedByANewProcessWithinASecond) {
  ProbeHost probe(R"({"mode":"x"})");
  const std::string before = probe.Do("pid");
  probe.Kill(SIGKILL);
  const auto killed = steady_clock::now();
  EXPECT_EQ(probe.Do("config", "Repeat"), R"({"mode":"x"})");
  EXPECT_LT(steady_clock::now() - killed, std::chrono::seconds(1));
  EXPECT_NE(probe.Do("pid"), before);
  EXPECT_EQ(probe.Report().restarts, 1u);
  EXPECT_TRUE(Eventually([&] { return probe.host.Health("probe").ok(); }));
}

TEST(IsolatedCrash, IsUnavailableToWhatCannotBeRepeated) {
  ProbeHost probe;
  TestCall call("crash-once a");
  EXPECT_EQ(call.Run(probe.host, "probe", "Do"), Code::kUnavailable);
  EXPECT_THAT(call.message, HasSubstr("process ended"));
  EXPECT_EQ(probe.Do("echo back"), "back");
}

TEST(IsolatedCrash, IsNotSeenByWhatCanBeRepeated) {
  ProbeHost probe;
  EXPECT_EQ(probe.Do("crash-once a", "Repeat"), "survived");
  EXPECT_EQ(probe.Report().restarts, 1u);
}

TEST(IsolatedCrash, DoesNotRepeatWhatWasAnswered) {
  ProbeHost probe;
  TestCall call("2 crash");
  EXPECT_EQ(call.Run(probe.host, "probe", "Count"), Code::kUnavailable);
  EXPECT_THAT(call.responses.size(), ::testing::Le(2u));
}

// One message and no end yet: nobody has seen it, so the call is repeated.
TEST(IsolatedCrash, IsNotSeenBehindAShortAnswerThatCanBeRepeated) {
  ProbeHost probe;
  EXPECT_EQ(probe.Do("1 crash-once", "List"), "0");
  EXPECT_EQ(probe.Report().restarts, 1u);
}

TEST(IsolatedCrash, IsUnavailableInTheMiddleOfALongAnswer) {
  ProbeHost probe;
  TestCall call("2 crash");
  EXPECT_EQ(call.Run(probe.host, "probe", "List"), Code::kUnavailable);
  EXPECT_THAT(call.responses.size(), ::testing::Le(2u));
}

TEST(IsolatedCalls, AShortAnswerThatCanBeRepeatedIsWhole) {
  ProbeHost probe;
  EXPECT_EQ(probe.Do("0", "List"), "");
  EXPECT_EQ(probe.Do("1", "List"), "0");
  EXPECT_EQ(probe.Do("3", "List"), "012");
}

TEST(IsolatedCrash, RepeatedIsQuarantined) {
  ProbeHost probe;
  std::ofstream(probe.folder.path() + "/note") << "x";
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Eventually([&] { return probe.Report().pid != 0; })) << i;
    EXPECT_EQ(probe.Do("crash"), "UNAVAILABLE");
    const auto reports = [&] {
      const auto report = probe.Report();
      return !report.quarantine.empty() || report.restarts == static_cast<unsigned>(i) + 1;
    };
    ASSERT_TRUE(Eventually(reports)) << i;
  }
  EXPECT_THAT(probe.Report().quarantine, HasSubstr("ended 5 times"));
  TestCall call("echo x");
  EXPECT_EQ(call.Run(probe.host, "probe", "Do"), Code::kUnavailable);
  EXPECT_THAT(call.message, HasSubstr("quarantined"));
  EXPECT_THAT(probe.host.Health("probe").message(), HasSubstr("quarantined"));
  EXPECT_TRUE(probe.host.Restart("probe").ok());  // The operator's way out.
  EXPECT_EQ(probe.Do("echo x"), "x");
}

TEST(IsolatedCrash, WhileRestartingIsQuarantinedToo) {
  ProbeHost probe(R"({"mode":"crash-at-start"})");
  ASSERT_TRUE(probe.added.ok()) << probe.added.ToString();
  std::ofstream(probe.folder.path() + "/crash") << "x";
  probe.Kill(SIGKILL);
  EXPECT_TRUE(Eventually([&] { return !probe.Report().quarantine.empty(); }));
}

TEST(IsolatedCreate, RefusalIsTold) {
  ProbeHost probe(R"({"mode":"refuse"})");
  EXPECT_EQ(probe.added.code(), Code::kInvalidArgument);
  EXPECT_EQ(probe.added.message(), "it will not");
}

class IsolatedHang : public ::testing::TestWithParam<const char*> {};

TEST_P(IsolatedHang, IsEnded) {
  TempFolder folder;
  isolation::RemoteSpec spec = SpecOf(folder.path());
  spec.start_timeout = std::chrono::seconds(4);
  auto plugin = isolation::RemotePlugin::Open(spec);
  ASSERT_TRUE(plugin.ok()) << plugin.status().ToString();
  FakeHost host;
  host.SetStateDir(folder.path());
  const std::string where = GetParam();
  const Status added = host.Add("probe", plugin->get(), R"({"hang":")" + where + R"("})");
  if (where == "create" || where == "start") {
    EXPECT_EQ(added.code(), Code::kDeadlineExceeded);
    EXPECT_THAT(added.message(), HasSubstr("did not return"));
  } else {
    EXPECT_TRUE(added.ok()) << added.ToString();
  }
  if (where == "health") {
    EXPECT_EQ(host.Health("probe").code(), Code::kDeadlineExceeded);
  }
}

INSTANTIATE_TEST_SUITE_P(Where, IsolatedHang,
                         ::testing::Values("create", "start", "health", "stop"),
                         [](const auto& test) { return std::string(test.param); });

TEST(IsolatedHangs, InDrainIsKilledAtTheDeadline) {
  ProbeHost probe(R"({"hang":"drain"})");
  const auto begun = steady_clock::now();
  void* const self = probe.host.Instance("probe");
  strata_status why{sizeof(strata_status), 0, {}, {}};
  const strata_code code = probe.plugin->drain(self, abi::MonotonicUs() + 200'000, &why);
  EXPECT_EQ(code, STRATA_DEADLINE_EXCEEDED);
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
  EXPECT_TRUE(Eventually([&] { return probe.Report().pid == 0; }));
}

TEST(IsolatedLoad, OfNoPluginIsRefused) {
  TempFolder folder;
  const std::string image = folder.path() + "/plugin.so";
  std::ofstream(image) << "text";
  const auto plugin = isolation::RemotePlugin::Open(SpecOf(folder.path(), image));
  EXPECT_EQ(plugin.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(plugin.status().message(), HasSubstr("cannot load it"));
}

// Crashes while many callers are at work: whatever can be repeated succeeds, nobody hangs.
TEST(IsolatedCrash, UnderLoad) {
  constexpr std::size_t kCallers = 4;
  ProbeHost probe;
  std::atomic<bool> end{false};
  std::array<std::atomic<int>, kCallers> served{};
  std::atomic<int> lost{0};
  // Each caller: a call is repeated once, so no two crashes may fall into the same one.
  const auto all_got_on = [&] {
    std::array<int, kCallers> before{};
    for (std::size_t i = 0; i < kCallers; ++i) before[i] = served[i];
    return Eventually([&] {
      for (std::size_t i = 0; i < kCallers; ++i) {
        if (served[i] < before[i] + 10) return false;
      }
      return true;
    });
  };
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      while (!end) {
        if (probe.Do("echo x", "Repeat") == "x") {
          ++served[i];
        } else {
          ++lost;
        }
      }
    });
  }
  for (unsigned i = 0; i < 4; ++i) {
    ASSERT_TRUE(all_got_on());
    probe.Kill(SIGKILL);
    ASSERT_TRUE(Eventually([&] { return probe.Report().restarts == i + 1; }));
  }
  ASSERT_TRUE(all_got_on());
  end = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace strata::testing
