#include "core/gateway/active_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <thread>

namespace strata::gateway {
namespace {

// One thread takes the only place and runs `work`, which ends when another has had its turn.
ActiveThreads::Place PlaceAfter(
    const std::function<void(const std::atomic<bool>& other_ran)>& work) {
  ActiveThreads threads(2, 1);
  std::atomic<bool> other_ran{false};
  EXPECT_TRUE(threads.Enter(0));
  // Before the work begins: making a thread waits for it.
  std::thread other([&] {
    ASSERT_TRUE(threads.Enter(1));
    threads.Begin(1);
    other_ran = true;
    other_ran.notify_one();
    threads.Lend(1);
  });
  threads.Begin(0);
  work(other_ran);
  const ActiveThreads::Place place = threads.End(0);
  other.join();
  return place;
}

// The place after `work` on a machine that lets its threads run: one that is held up itself may
// take work that computes for work that waits, and the other way round.
ActiveThreads::Place PlaceUndisturbed(
    const std::function<void(const std::atomic<bool>& other_ran)>& work,
    ActiveThreads::Place expected) {
  ActiveThreads::Place place = PlaceAfter(work);
  for (int again = 0; again < 50 && place != expected; ++again) place = PlaceAfter(work);
  return place;
}

TEST(ActiveThreads, GivesThePlaceOfAThreadThatWaitsToAnother) {
  const auto wait = [](const std::atomic<bool>& other_ran) { other_ran.wait(false); };
  const auto expected = ActiveThreads::Place::kLentAsItWaited;
  EXPECT_EQ(PlaceUndisturbed(wait, expected), expected);
}

TEST(ActiveThreads, GivesThePlaceOfAThreadThatComputesForLongToAnother) {
  const auto compute = [](const std::atomic<bool>& other_ran) {
    while (!other_ran) continue;
  };
  const auto expected = ActiveThreads::Place::kLent;
  EXPECT_EQ(PlaceUndisturbed(compute, expected), expected);
}

TEST(ActiveThreads, AThreadThatLentItsPlaceWaitsForOne) {
  ActiveThreads threads(2, 1);
  ASSERT_TRUE(threads.Enter(0));
  threads.Begin(0);
  threads.Lend(0);
  std::latch taken(1);
  std::latch go_on(1);
  std::atomic<bool> worked{false};
  std::thread other([&] {
    ASSERT_TRUE(threads.Enter(1));
    taken.count_down();
    go_on.wait();
    threads.Begin(1);
    worked = true;
    threads.Lend(1);
  });
  taken.wait();
  EXPECT_EQ(threads.End(0), ActiveThreads::Place::kLent);
  go_on.count_down();
  EXPECT_TRUE(threads.Enter(0));
  EXPECT_TRUE(worked);  // Not before the other thread lent the place.
  other.join();
}

TEST(ActiveThreads, AThreadThatIsDoneInTimeKeepsItsPlace) {
  ActiveThreads threads(2, 2);
  ASSERT_TRUE(threads.Enter(0));
  ASSERT_TRUE(threads.Enter(1));  // Waits for events: nobody needs the place of the first.
  threads.Begin(0);
  EXPECT_EQ(threads.End(0), ActiveThreads::Place::kKept);
}

TEST(ActiveThreads, StopLetsTheParkedGo) {
  ActiveThreads threads(2, 1);
  ASSERT_TRUE(threads.Enter(0));
  std::thread parked([&] { EXPECT_FALSE(threads.Enter(1)); });
  threads.Stop();
  parked.join();
}

}  // namespace
}  // namespace strata::gateway
