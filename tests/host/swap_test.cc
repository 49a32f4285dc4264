// The ground that hot swap stands on: real plugins replaced under load, by nothing but the
// generations, BringUp and TakeDown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/host/open_plugin.h"
#include "core/host/stack_state.h"
#include "hosttest/data/v1/probe.pb.h"
#include "tests/host/host_test_util.h"

namespace strata::host {
namespace {

using std::chrono::steady_clock;

constexpr int kSwaps = 300;
constexpr int kThreads = 4;

class Swapper : public ::testing::Test {
 protected:
  void SetUp() override {
    auto config = ParseStack("stack: s\ndata: " + dir_.path() +
                                 "/data\nslots:\n"
                                 "  store: {plugin: hosttest_probe_1}\n"
                                 "  record: {plugin: hosttest_probe_1, requires: {next: store}}\n",
                             "s.yaml");
    ASSERT_TRUE(config.ok());
    StackOptions options;
    options.plugin_path = {PluginPath()};
    state_ = std::make_shared<StackState>(*config, options, log_, clock_);
    const Status started = StartSlots(state_);
    ASSERT_TRUE(started.ok()) << started.message();
    state_->table.OpenIngress();
    for (const char* name : {"hosttest_probe_1", "hosttest_probe_2"}) {
      const auto package = OpenPackage(PluginPath() + "/" + name);
      ASSERT_TRUE(package.ok());
      const auto plugin = OpenPlugin(SlotConfig(), *package, *state_);
      ASSERT_TRUE(plugin.ok());
      plugins_.push_back(*plugin);
    }
  }
  void TearDown() override {
    EXPECT_TRUE(StopSlots(state_, steady_clock::now() + std::chrono::seconds(30)).ok());
  }

  // Replaces slot "store" by a new instance of the other version.
  Status Swap(int number) {
    Slot& slot = state_->slots[0];
    const std::shared_ptr<Instance> old = slot.instance;
    InstanceSpec spec = old->spec();
    spec.plugin = plugins_[static_cast<std::size_t>(number % 2)];
    const auto next = std::make_shared<Instance>(std::move(spec), state_->services);
    const auto deadline = steady_clock::now() + std::chrono::seconds(30);
    STRATA_RETURN_IF_ERROR(BringUp(next, deadline, state_));
    slot.instance = next;
    const std::uint64_t last = state_->Publish() - 1;
    if (!state_->table.WaitDrained(last, deadline)) return DeadlineExceeded("not drained");
    return TakeDown(
        old, deadline, [&](Deadline until) { return state_->table.WaitDrained(last, until); },
        state_);
  }

  // One request: record looks at store twice. 0 when all is well.
  int Request(const std::string& body) {
    const auto ticket = state_->table.Enter(RouteTable::Caller::kIngress, 0);
    if (!ticket.ok()) return 1;
    host::Request request(state_->table, state_->hub, *ticket);
    const auto target = ticket->generation->routes().Find("record", "/hosttest.data.v1.Probe/Look");
    IngressCall call(body);
    if (!target.ok()) return 1;
    if (state_->router.CallFromIngress(request, *target, call.call()) != STRATA_OK) return 1;
    hosttest::data::v1::LookResponse response;
    response.ParseFromString(call.responses().at(0));
    if (response.seen_size() != 3 || response.seen(0).code() != 0) return 1;
    return response.seen(1).version() == response.seen(2).version() ? 0 : 1;
  }

  TempDir dir_;
  base::MemoryLogSink sink_;
  base::SystemClock clock_;
  base::Log log_{sink_, clock_};
  std::shared_ptr<StackState> state_;
  std::vector<std::shared_ptr<const strata_plugin>> plugins_;
};

TEST_F(Swapper, NoRequestFailsAndNoneSeesTwoVersions) {
  hosttest::data::v1::LookRequest look;
  look.set_hops(1);
  look.set_pause_us(50);
  const std::string body = look.SerializeAsString();
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> requests{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        wrong += Request(body);
        ++requests;
      }
    });
  }

  Status swapped;
  for (int i = 1; i <= kSwaps && swapped.ok(); ++i) {
    swapped = Swap(i);
    const int seen = requests;
    while (requests == seen) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_TRUE(swapped.ok()) << swapped.message();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(requests, kSwaps);
  EXPECT_EQ(sink_.Count("plugin.misbehaving"), 0u);
}

// The way back: a candidate that cannot start leaves everything as it was.
TEST_F(Swapper, AFailedCandidateChangesNothing) {
  const auto package = OpenPackage(FixturePackage("start_fails"));
  ASSERT_TRUE(package.ok());
  InstanceSpec spec = state_->slots[0].instance->spec();
  spec.plugin = *OpenPlugin(SlotConfig(), *package, *state_);
  const auto candidate = std::make_shared<Instance>(std::move(spec), state_->services);
  const std::uint64_t before = state_->table.current();

  EXPECT_FALSE(BringUp(candidate, steady_clock::now() + std::chrono::seconds(30), state_).ok());

  EXPECT_EQ(candidate->state(), State::kFailed);
  EXPECT_EQ(state_->table.current(), before);
  hosttest::data::v1::LookRequest look;
  look.set_hops(1);
  look.set_pause_us(1);
  EXPECT_EQ(Request(look.SerializeAsString()), 0);
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
