#include "plugins/service_console/rates.h"

namespace strata::console {
namespace {

constexpr std::int64_t kWindowUs = 10'000'000;
// A rate over less than this says nothing; reports closer than this are one.
constexpr std::int64_t kLeastUs = 500'000;

}  // namespace

RateMeter::Rates RateMeter::Update(const core::v1::StatusResponse& status, std::int64_t now_us) {
  Sample now{now_us, {}};
  for (const core::v1::Slot& slot : status.slots()) now.calls[slot.name()] = slot.calls().calls();
  const base::MutexLock lock(mutex_);
  while (!samples_.empty() &&
         (samples_.front().at_us > now_us || now_us - samples_.front().at_us > kWindowUs)) {
    samples_.pop_front();
  }
  Rates out;
  if (!samples_.empty() && now_us - samples_.front().at_us >= kLeastUs) {
    const Sample& before = samples_.front();
    const double seconds = static_cast<double>(now_us - before.at_us) / 1e6;
    for (const auto& [slot, calls] : now.calls) {
      const auto was = before.calls.find(slot);
      // A counter that fell belongs to another run of the slot.
      if (was == before.calls.end() || was->second > calls) continue;
      out[slot] = static_cast<double>(calls - was->second) / seconds;
    }
  }
  if (samples_.empty() || now_us - samples_.back().at_us >= kLeastUs) {
    samples_.push_back(std::move(now));
  }
  return out;
}

}  // namespace strata::console
