#include "storage/replica/pace.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

namespace strata::storage::replica {
namespace {

using namespace std::chrono_literals;

// Work of 10 ms in a time of its own, beside live calls with a p99 that the test chooses.
class PaceTest : public ::testing::Test {
 protected:
  Pace Make() {
    Pace::Options options;
    options.live_p99_us = [this] {
      ++asked_;
      return p99_us_;
    };
    options.sleep = [this](Pace::Clock::duration time) { now_ += time; };
    options.now = [this] { return now_; };
    return Pace(options);
  }
  // How long all of it took.
  Pace::Clock::duration Work(Pace* pace, int pieces) {
    const auto begun = now_;
    for (int i = 0; i < pieces; ++i) {
      now_ += 10ms;
      pace->Rest(10ms, [] { return true; });
    }
    return now_ - begun;
  }
  void Look(Pace* pace) {
    pace->Look([] { return true; });
  }

  Pace::Clock::time_point now_{};
  double p99_us_ = 1000;
  int asked_ = 0;
};

TEST_F(PaceTest, WorksFasterWhileTheLiveCallsAreCalm) {
  Pace pace = Make();
  Look(&pace);
  Work(&pace, 1000);
  EXPECT_DOUBLE_EQ(pace.calm_p99_us(), 1000);
  EXPECT_DOUBLE_EQ(pace.share(), 0.8);
}

TEST_F(PaceTest, GivesWayAndComesBack) {
  Pace pace = Make();
  Look(&pace);
  p99_us_ = 1600;
  Work(&pace, 200);
  EXPECT_LT(pace.share(), 0.2);
  p99_us_ = 1400;
  Work(&pace, 1000);
  EXPECT_DOUBLE_EQ(pace.share(), 0.8);
}

TEST_F(PaceTest, NeverCrawls) {
  Pace pace = Make();
  Look(&pace);
  p99_us_ = 1e6;
  Work(&pace, 1000);
  EXPECT_DOUBLE_EQ(pace.share(), 0.1);
  EXPECT_LE(Work(&pace, 100), 100 * 101ms);
}

TEST_F(PaceTest, TakesOneReadingForOneWindow) {
  Pace pace = Make();
  Look(&pace);
  p99_us_ = 1e6;
  const int asked = asked_;
  const auto took = Work(&pace, 40);
  EXPECT_LE(asked_ - asked, took / 500ms + 1);
  EXPECT_GE(pace.share(), 0.4 * 0.7 * 0.7 * 0.7);
}

TEST_F(PaceTest, WhatItWasBeforeTheWorkIsCalm) {
  Pace pace = Make();
  p99_us_ = 0;
  Look(&pace);
  EXPECT_LE(now_.time_since_epoch(), 2s) << "nobody calls: it is not waited for";
  p99_us_ = 500;
  Work(&pace, 1000);
  EXPECT_DOUBLE_EQ(pace.calm_p99_us(), 500) << "the first that is known";
}

TEST_F(PaceTest, WorksFasterWhileNobodyCalls) {
  Pace pace = Make();
  p99_us_ = 0;
  Look(&pace);
  Work(&pace, 1000);
  EXPECT_DOUBLE_EQ(pace.share(), 0.8);
}

TEST_F(PaceTest, RestsToLearnWhatTheFirstCallsTakeInPeace) {
  Pace::Clock::duration worked{};
  Pace::Clock::duration asked{};
  bool called = false;
  Pace::Options options;
  options.live_p99_us = [&] {
    const bool beside_work = std::exchange(asked, worked) != worked;
    return !called ? 0.0 : beside_work ? 3000.0 : 1000.0;
  };
  options.sleep = [this](Pace::Clock::duration time) { now_ += time; };
  options.now = [this] { return now_; };
  Pace pace(options);
  Look(&pace);
  for (int i = 0; i < 400; ++i) {
    called = i >= 200;
    worked += 10ms;
    now_ += 10ms;
    pace.Rest(10ms, [] { return true; });
  }
  EXPECT_DOUBLE_EQ(pace.calm_p99_us(), 1000);
  EXPECT_LT(pace.share(), 0.2);
}

TEST_F(PaceTest, RestsNoLongerThanItIsAskedTo) {
  Pace pace = Make();
  int asked = 0;
  const auto begun = now_;
  pace.Rest(10s, [&] { return ++asked < 3; });
  EXPECT_EQ(asked, 3);
  EXPECT_LE(now_ - begun, 60ms);
}

}  // namespace
}  // namespace strata::storage::replica
