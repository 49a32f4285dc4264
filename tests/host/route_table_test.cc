#include "core/host/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace strata::host {
namespace {

using Caller = RouteTable::Caller;
using std::chrono::steady_clock;

std::unique_ptr<const Routes> Labelled(const std::string& label) {
  auto routes = std::make_unique<Routes>();
  routes->Site(Audience::kClients).menu.push_back({label, "/", 0});
  return routes;
}

const std::string& LabelOf(const RouteTable::Ticket& ticket) {
  return ticket.generation->routes().Site(Audience::kClients).menu[0].label;
}

steady_clock::time_point In(std::chrono::milliseconds time) { return steady_clock::now() + time; }

class RouteTableTest : public ::testing::Test {
 protected:
  base::SystemClock clock_;
  RouteTable table_{clock_};
};

TEST_F(RouteTableTest, NobodyEntersBeforeTheFirstGeneration) {
  EXPECT_EQ(table_.Enter(Caller::kBackground, 0).status().code(), Code::kUnavailable);
}

TEST_F(RouteTableTest, IngressIsClosedUntilItIsOpened) {
  table_.Publish(Labelled("a"));

  EXPECT_EQ(table_.Enter(Caller::kIngress, 0).status().code(), Code::kUnavailable);
  table_.OpenIngress();
  const auto ticket = table_.Enter(Caller::kIngress, 0);

  ASSERT_TRUE(ticket.ok());
  table_.Leave(*ticket);
}

TEST_F(RouteTableTest, ARequestKeepsItsGeneration) {
  table_.Publish(Labelled("old"));
  const auto before = table_.Enter(Caller::kBackground, 0);
  table_.Publish(Labelled("new"));
  const auto after = table_.Enter(Caller::kBackground, 0);

  EXPECT_EQ(LabelOf(*before), "old");
  EXPECT_EQ(LabelOf(*after), "new");
  EXPECT_EQ(before->generation->id() + 1, after->generation->id());
  EXPECT_EQ(table_.InFlight(), 2);
  table_.Leave(*before);
  table_.Leave(*after);
  EXPECT_EQ(table_.InFlight(), 0);
}

TEST_F(RouteTableTest, WaitDrainedEndsWhenTheLastRequestLeaves) {
  const std::uint64_t old = table_.Publish(Labelled("old"));
  const auto ticket = table_.Enter(Caller::kBackground, 0);
  table_.Publish(Labelled("new"));

  EXPECT_FALSE(table_.WaitDrained(old, In(std::chrono::milliseconds(20))));
  std::thread leaver([&] { table_.Leave(*ticket); });
  EXPECT_TRUE(table_.WaitDrained(old, In(std::chrono::seconds(30))));
  leaver.join();
}

TEST_F(RouteTableTest, RoutesOfADrainedGenerationAreFreed) {
  auto watched = std::make_shared<Instance*>();
  auto routes = std::make_unique<Routes>();
  routes->slots.emplace_back().instance = std::shared_ptr<Instance>(watched, nullptr);
  const std::weak_ptr<Instance*> alive = watched;
  watched.reset();
  const std::uint64_t old = table_.Publish(std::move(routes));
  const auto ticket = table_.Enter(Caller::kBackground, 0);
  table_.Publish(Labelled("new"));

  EXPECT_FALSE(alive.expired());
  table_.Leave(*ticket);
  ASSERT_TRUE(table_.WaitDrained(old, In(std::chrono::seconds(30))));

  EXPECT_TRUE(alive.expired());
}

TEST_F(RouteTableTest, CancelReachesOldGenerationsOnly) {
  const std::uint64_t old = table_.Publish(Labelled("old"));
  const auto before = table_.Enter(Caller::kBackground, 0);
  table_.Publish(Labelled("new"));
  const auto after = table_.Enter(Caller::kBackground, 0);

  table_.Cancel(old);

  EXPECT_TRUE(before->generation->cancelled(false));
  EXPECT_FALSE(after->generation->cancelled(false));
  table_.Leave(*before);
  table_.Leave(*after);
}

TEST_F(RouteTableTest, AClosedGateParksUntilItOpens) {
  table_.Publish(Labelled("old"));
  table_.OpenIngress();
  table_.CloseGate("slot \"a\" is being replaced");
  std::atomic<bool> entered{false};
  std::string seen;
  std::thread request([&] {
    const auto ticket = table_.Enter(Caller::kIngress, 0);
    entered = true;
    seen = LabelOf(*ticket);
    table_.Leave(*ticket);
  });

  EXPECT_TRUE(table_.WaitDrained(table_.current(), In(std::chrono::seconds(30))));
  table_.Publish(Labelled("new"));
  EXPECT_FALSE(entered);
  table_.OpenGate();
  request.join();

  EXPECT_EQ(seen, "new");
}

TEST_F(RouteTableTest, TheParkedGiveUpAtTheirDeadline) {
  table_.Publish(Labelled("a"));
  table_.CloseGate("slot \"a\" is being replaced");

  const auto ticket = table_.Enter(Caller::kBackground, clock_.MonotonicUs() + 2000);

  EXPECT_EQ(ticket.status().code(), Code::kUnavailable);
  EXPECT_THAT(ticket.status().message(), ::testing::HasSubstr("try again"));
}

TEST_F(RouteTableTest, TheParkedAreToldForWhomTheyWaitedTooLong) {
  RouteTable table(clock_, std::chrono::milliseconds(2));
  table.Publish(Labelled("a"));
  table.CloseGate("slot \"a\" is being replaced");

  const auto ticket = table.Enter(Caller::kBackground, 0);

  EXPECT_EQ(ticket.status().code(), Code::kUnavailable);
  EXPECT_EQ(ticket.status().message(), "slot \"a\" is being replaced; try again");
  table.OpenGate();
  EXPECT_TRUE(table.Enter(Caller::kBackground, 0).ok());
}

TEST_F(RouteTableTest, ClosingIngressSendsTheParkedAway) {
  table_.Publish(Labelled("a"));
  table_.OpenIngress();
  table_.CloseGate("slot \"a\" is being replaced");
  Code code = Code::kOk;
  std::thread parked([&] { code = table_.Enter(Caller::kIngress, 0).status().code(); });

  table_.CloseIngress();
  parked.join();

  EXPECT_EQ(code, Code::kUnavailable);
}

// What a plugin instance is to the table: in use, or already destroyed.
struct Served {
  explicit Served(int number) : version(number) {}
  int version;
  std::atomic<bool> destroyed{false};
};

// 300 switches under load: nobody fails, nobody sees two versions, nobody sees one after its end.
TEST_F(RouteTableTest, OverlapLosesNoRequestAndMixesNone) {
  constexpr int kSwaps = 300;
  std::vector<std::unique_ptr<Served>> versions;
  for (int i = 0; i <= kSwaps; ++i) versions.push_back(std::make_unique<Served>(i));
  table_.Publish(Labelled("0"));
  table_.OpenIngress();
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::atomic<int> wrong{0};
  std::atomic<std::int64_t> requests{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        const auto ticket = table_.Enter(Caller::kIngress, 0);
        if (!ticket.ok()) {
          ++failed;
          continue;
        }
        const int first = std::stoi(LabelOf(*ticket));
        if (versions[static_cast<std::size_t>(first)]->destroyed) ++wrong;
        if (std::stoi(LabelOf(*ticket)) != first) ++wrong;
        table_.Leave(*ticket);
        requests.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }

  for (int i = 1; i <= kSwaps; ++i) {
    const std::uint64_t old = table_.Publish(Labelled(std::to_string(i))) - 1;
    ASSERT_TRUE(table_.WaitDrained(old, In(std::chrono::seconds(30))));
    versions[static_cast<std::size_t>(i - 1)]->destroyed = true;
    while (requests < i * 4) std::this_thread::yield();  // Each switch is under load.
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(failed, 0);
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(requests, kSwaps * 4);
  EXPECT_EQ(table_.InFlight(), 0);
}

// The same with an exclusive owner: while the gate is closed and drained, nobody is inside.
TEST_F(RouteTableTest, HandoverIsExclusive) {
  std::atomic<int> inside{0};
  std::atomic<bool> exclusive{false};
  std::atomic<int> requests{0};
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  table_.Publish(Labelled("0"));
  table_.OpenIngress();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        const auto ticket = table_.Enter(Caller::kIngress, 0);
        if (!ticket.ok()) {
          ++wrong;
          continue;
        }
        ++inside;
        if (exclusive) ++wrong;
        --inside;
        table_.Leave(*ticket);
        ++requests;
      }
    });
  }

  for (int i = 1; i <= 100; ++i) {
    table_.CloseGate("slot \"a\" is being replaced");
    ASSERT_TRUE(table_.WaitDrained(table_.current(), In(std::chrono::seconds(30))));
    exclusive = true;
    if (inside != 0) ++wrong;
    table_.Publish(Labelled(std::to_string(i)));
    exclusive = false;
    table_.OpenGate();
    while (requests < i * 4) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace strata::host
