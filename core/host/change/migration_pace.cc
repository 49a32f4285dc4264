#include "core/host/change/migration_pace.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace strata::host {
namespace {

using std::chrono::steady_clock;

constexpr double kFirstShare = 0.4;
constexpr double kLeastShare = 0.02;
constexpr double kMostShare = 0.8;
constexpr double kSlower = 1.5;
// Less than this nobody notices.
constexpr double kNoticedSeconds = 0.001;
constexpr std::uint64_t kLeastCalls = 50;
constexpr std::chrono::milliseconds kWindow{500};
constexpr std::chrono::milliseconds kNap{20};

}  // namespace

MigrationPace::MigrationPace(std::shared_ptr<const SlotStats> stats)
    : stats_(std::move(stats)),
      share_(kFirstShare),
      last_(stats_->Mark()),
      looked_(steady_clock::now()) {
  if (last_->latency.count >= kLeastCalls) calm_s_ = last_->latency.Quantile(0.99);
}

void MigrationPace::Adapt() {
  const auto now = steady_clock::now();
  if (now - looked_ < kWindow) return;
  looked_ = now;
  auto mark = stats_->Mark();
  const SlotStats::StatsMark recent = mark->Since(*last_);
  if (recent.latency.count < kLeastCalls) {
    share_ = std::min(share_ * 1.2, kMostShare);
    return;
  }
  last_ = std::move(mark);
  const double p99_s = recent.latency.Quantile(0.99);
  if (calm_s_ == 0) calm_s_ = p99_s;
  const bool slower = p99_s > calm_s_ * kSlower && p99_s > calm_s_ + kNoticedSeconds;
  share_ = slower ? std::max(share_ / 2, kLeastShare) : std::min(share_ * 1.2, kMostShare);
}

void MigrationPace::Rest(steady_clock::duration worked, const std::function<bool()>& ended) {
  Adapt();
  const auto rest =
      std::chrono::duration_cast<steady_clock::duration>(worked * ((1 - share_) / share_));
  const auto until = steady_clock::now() + rest;
  while (!ended()) {
    const auto left = until - steady_clock::now();
    if (left <= steady_clock::duration::zero()) return;
    std::this_thread::sleep_for(std::min<steady_clock::duration>(left, kNap));
  }
}

}  // namespace strata::host
