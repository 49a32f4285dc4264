#include "strata/cancel.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace strata {
namespace {

void Increment(void* arg) { ++*static_cast<int*>(arg); }

TEST(CancelSource, RunsEachCallbackOnce) {
  CancelSource source;
  int first = 0;
  int second = 0;
  EXPECT_NE(source.Add(&Increment, &first), 0U);
  EXPECT_NE(source.Add(&Increment, &second), 0U);

  source.Cancel();
  source.Cancel();

  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
  EXPECT_EQ(source.Add(&Increment, &first), 0U);
}

TEST(CancelSource, ARemovedCallbackDoesNotRun) {
  CancelSource source;
  int count = 0;
  source.Remove(source.Add(&Increment, &count));

  source.Cancel();

  EXPECT_EQ(count, 0);
}

TEST(CancelSource, RemoveWaitsForARunningCallback) {
  struct Running {
    std::promise<void> entered;
    std::promise<void> leave;
    std::atomic<bool> left{false};
  } running;
  CancelSource source;
  const std::uint64_t id = source.Add(
      [](void* arg) {
        auto& r = *static_cast<Running*>(arg);
        r.entered.set_value();
        r.leave.get_future().wait();
        r.left = true;
      },
      &running);
  std::thread canceller([&] { source.Cancel(); });
  running.entered.get_future().wait();

  std::future<bool> removed = std::async(std::launch::async, [&] {
    source.Remove(id);
    return running.left.load();
  });
  running.leave.set_value();

  EXPECT_TRUE(removed.get());
  canceller.join();
}

TEST(CancelSource, ACallbackMayRemoveItself) {
  struct Self {
    CancelSource source;
    std::uint64_t id = 0;
    bool ran = false;
  } self;
  self.id = self.source.Add(
      [](void* arg) {
        auto& s = *static_cast<Self*>(arg);
        s.source.Remove(s.id);
        s.ran = true;
      },
      &self);

  self.source.Cancel();

  EXPECT_TRUE(self.ran);
}

}  // namespace
}  // namespace strata
