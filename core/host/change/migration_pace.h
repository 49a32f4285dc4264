#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "core/host/slot_stats.h"

namespace strata::host {

// Keeps a migration from slowing down the calls of the slot that it works in: rests after each
// piece, longer while the slot's 99th percentile is above 1.5 times that of before, shorter while
// nobody notices. Single-threaded.
class MigrationPace final {
 public:
  // shared: with the slot.
  explicit MigrationPace(std::shared_ptr<const SlotStats> stats);

  // After a piece that took so long; ends early when `ended` says so.
  void Rest(std::chrono::steady_clock::duration worked, const std::function<bool()>& ended);
  // Part of the time that is worked.
  double share() const { return share_; }

 private:
  void Adapt();

  const std::shared_ptr<const SlotStats> stats_;
  double share_;
  double calm_s_ = 0;  // The p99 of before, in seconds; 0: not known yet.
  std::shared_ptr<const SlotStats::StatsMark> last_;
  std::chrono::steady_clock::time_point looked_;
};

}  // namespace strata::host
