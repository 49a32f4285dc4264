#include "storage/replica/pace.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace strata::storage::replica {
namespace {

// A window that was slow costs more than a good one brings back, which is tried again at once.
constexpr double kFaster = 1.2;
constexpr double kSlower = 0.7;
constexpr auto kStep = std::chrono::milliseconds(20);
constexpr auto kLongest = std::chrono::seconds(1);

}  // namespace

Pace::Pace(Options options) : options_(std::move(options)), share_(options_.share) {}

void Pace::Sleep(Clock::duration time) const {
  if (options_.sleep) {
    options_.sleep(time);
  } else {
    std::this_thread::sleep_for(time);
  }
}

// A store that nobody calls is not waited for: its calls are looked at when there are some.
void Pace::Look(const std::function<bool()>& go_on) {
  if (std::exchange(looked_, true) || !options_.live_p99_us) return;
  const Clock::time_point until = Now() + options_.calm;
  options_.live_p99_us();  // What was before may have been an import.
  while (calm_p99_us_ <= 0 && Now() < until && go_on()) {
    Sleep(std::min(options_.window, options_.calm));
    calm_p99_us_ = options_.live_p99_us();
  }
  adapted_ = Now();
}

// Once a window: a slow moment is one reading, however many pieces of work fall into it.
void Pace::Adapt(const std::function<bool()>& go_on) {
  if (!options_.live_p99_us || Now() - adapted_ < options_.window) return;
  adapted_ = Now();
  const double p99_us = options_.live_p99_us();
  if (p99_us > 0 && calm_p99_us_ <= 0) {
    // The first calls there are: what they take beside the work tells nothing about peace.
    share_ = options_.share;
    if (!std::exchange(looked_again_, true)) {
      looked_ = false;
      Look(go_on);
    }
    if (calm_p99_us_ <= 0) calm_p99_us_ = p99_us;
    return;
  }
  const bool slow = p99_us > calm_p99_us_ * options_.slower;
  share_ = std::clamp(share_ * (slow ? kSlower : kFaster), options_.least, options_.most);
}

void Pace::Rest(Clock::duration worked, const std::function<bool()>& go_on) {
  Adapt(go_on);
  const auto rest = std::chrono::duration_cast<Clock::duration>(worked * ((1 - share_) / share_));
  const Clock::time_point until = Now() + std::min<Clock::duration>(rest, kLongest);
  for (Clock::time_point now = Now(); now < until && go_on(); now = Now()) {
    Sleep(std::min<Clock::duration>(until - now, kStep));
  }
}

}  // namespace strata::storage::replica
