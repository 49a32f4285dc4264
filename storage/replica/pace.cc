#include "storage/replica/pace.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace strata::storage::replica {
namespace {

constexpr double kFaster = 1.1;
constexpr double kSlower = 0.7;
constexpr auto kStep = std::chrono::milliseconds(20);
constexpr auto kLongest = std::chrono::seconds(2);

}  // namespace

Pace::Pace(Options options) : options_(std::move(options)), share_(options_.share) {
  if (options_.live_p99_us) calm_p99_us_ = options_.live_p99_us();
}

void Pace::Adapt() {
  const double p99_us = options_.live_p99_us ? options_.live_p99_us() : 0;
  if (p99_us <= 0) return;
  if (calm_p99_us_ <= 0) calm_p99_us_ = p99_us;
  const bool slow = p99_us > calm_p99_us_ * options_.slower;
  share_ = std::clamp(share_ * (slow ? kSlower : kFaster), options_.least, options_.most);
}

void Pace::Rest(std::chrono::steady_clock::duration worked, const std::function<bool()>& go_on) {
  Adapt();
  const auto rest = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      worked * ((1 - share_) / share_));
  const auto until = std::chrono::steady_clock::now() +
                     std::min<std::chrono::steady_clock::duration>(rest, kLongest);
  for (auto now = std::chrono::steady_clock::now(); now < until && go_on();
       now = std::chrono::steady_clock::now()) {
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(until - now, kStep));
  }
}

}  // namespace strata::storage::replica
