#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/metrics.h"
#include "core/base/shard.h"

namespace strata::host {

// Calls served by one slot, whichever plugin runs in it. Thread-safe; an update costs a few relaxed
// adds on the thread's own cache lines.
class SlotStats final {
 public:
  static constexpr std::size_t kCodes = STRATA_UNAUTHENTICATED + 1;

  void Started() {
    cells_[base::ThreadNumber() % base::kShards].started.fetch_add(1, std::memory_order_relaxed);
  }
  // `code` is one of 0..16.
  void Ended(strata_code code, std::int64_t duration_ns) {
    Cell& cell = cells_[base::ThreadNumber() % base::kShards];
    cell.ended[static_cast<std::size_t>(code)].fetch_add(1, std::memory_order_relaxed);
    seconds_.Observe(static_cast<double>(duration_ns) * 1e-9);
  }

  struct Snapshot {
    std::uint64_t started = 0;
    std::uint64_t ended = 0;
    // Ended with a code that says the plugin or what is below it failed, not the caller.
    std::uint64_t failed = 0;
    std::array<std::uint64_t, kCodes> by_code{};

    std::uint64_t in_flight() const { return started > ended ? started - ended : 0; }
  };
  Snapshot Read() const;

  // Both readings of one moment.
  struct StatsMark {
    Snapshot calls;
    base::Histogram::Snapshot latency;

    // What happened between `earlier` and this one.
    StatsMark Since(const StatsMark& earlier) const;
  };
  std::shared_ptr<const StatsMark> Mark() const {
    return std::make_shared<const StatsMark>(StatsMark{Read(), Latency()});
  }
  base::Histogram::Snapshot Latency() const { return seconds_.Read(); }

  // UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
  // DATA_LOSS.
  static bool IsFailure(strata_code code);

 private:
  struct alignas(base::kCacheLine) Cell {
    std::atomic<std::uint64_t> started{0};
    std::array<std::atomic<std::uint64_t>, kCodes> ended{};
  };
  std::array<Cell, base::kShards> cells_;
  base::Histogram seconds_;
};

}  // namespace strata::host
