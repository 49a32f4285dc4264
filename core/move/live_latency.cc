#include "core/move/live_latency.h"

#include <algorithm>
#include <utility>

#include "core/host/layout.h"

namespace strata::move {
namespace {

constexpr std::uint64_t kLeastCalls = 100;
constexpr double kMicrosecondsPerSecond = 1e6;

}  // namespace

LiveLatency::LiveLatency(const host::Layout& layout, const std::string& slot) {
  for (const host::Slot& other : layout.slots) {
    const bool built_on = std::any_of(other.grants.begin(), other.grants.end(),
                                      [&](const host::Grant& grant) { return grant.slot == slot; });
    if (built_on) watched_.push_back({other.stats, other.stats->Mark()});
  }
}

double LiveLatency::P99() {
  double worst = 0;
  for (Watched& watched : watched_) {
    auto now = watched.stats->Mark();
    const host::SlotStats::StatsMark recent = now->Since(*watched.before);
    if (recent.latency.count < kLeastCalls) continue;
    worst = std::max(worst, recent.latency.Quantile(0.99) * kMicrosecondsPerSecond);
    watched.before = std::move(now);
  }
  return worst;
}

}  // namespace strata::move
