#include "core/host/slot_stats.h"

namespace strata::host {

bool SlotStats::IsFailure(strata_code code) {
  switch (code) {
    case STRATA_UNKNOWN:
    case STRATA_DEADLINE_EXCEEDED:
    case STRATA_RESOURCE_EXHAUSTED:
    case STRATA_UNIMPLEMENTED:
    case STRATA_INTERNAL:
    case STRATA_UNAVAILABLE:
    case STRATA_DATA_LOSS:
      return true;
    default:
      return false;
  }
}

SlotStats::Snapshot SlotStats::Read() const {
  Snapshot out;
  for (const Cell& cell : cells_) {
    for (std::size_t code = 0; code < kCodes; ++code) {
      out.by_code[code] += cell.ended[code].load(std::memory_order_relaxed);
    }
  }
  for (const Cell& cell : cells_) out.started += cell.started.load(std::memory_order_relaxed);
  for (std::size_t code = 0; code < kCodes; ++code) {
    out.ended += out.by_code[code];
    if (IsFailure(static_cast<strata_code>(code))) out.failed += out.by_code[code];
  }
  return out;
}

SlotStats::StatsMark SlotStats::StatsMark::Since(const StatsMark& earlier) const {
  StatsMark out = *this;
  out.calls.started -= earlier.calls.started;
  out.calls.ended -= earlier.calls.ended;
  out.calls.failed -= earlier.calls.failed;
  for (std::size_t i = 0; i < kCodes; ++i) out.calls.by_code[i] -= earlier.calls.by_code[i];
  for (std::size_t i = 0; i < out.latency.buckets.size(); ++i) {
    out.latency.buckets[i] -= earlier.latency.buckets[i];
  }
  out.latency.count -= earlier.latency.count;
  out.latency.sum -= earlier.latency.sum;
  return out;
}

}  // namespace strata::host
