#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/host/slot_stats.h"

namespace strata::host {
struct Layout;
}  // namespace strata::host

namespace strata::move {

// How slow the slots that are built on a slot have become of late. Single-threaded.
class LiveLatency {
 public:
  LiveLatency(const host::Layout& layout, const std::string& slot);

  // Whether any slot is built on it.
  bool watches() const { return !watched_.empty(); }
  // The worst 99th percentile of a slot's calls since it was last told, in microseconds; 0: there
  // were too few calls to tell.
  double P99();

 private:
  struct Watched {
    std::shared_ptr<host::SlotStats> stats;  // shared: with the slot.
    std::shared_ptr<const host::SlotStats::StatsMark> before;
  };
  std::vector<Watched> watched_;
};

}  // namespace strata::move
