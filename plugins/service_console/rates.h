#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "core/base/mutex.h"
#include "strata/core/v1/core.pb.h"

namespace strata::console {

// Calls per second of each slot, from the counters of the last few reports. Thread-safe.
class RateMeter final {
 public:
  using Rates = std::map<std::string, double, std::less<>>;

  // Takes in a report and says what the rates were since the oldest one of the last ten seconds. A
  // slot is absent when there is no earlier report of it that is old enough.
  Rates Update(const core::v1::StatusResponse& status, std::int64_t now_us);

 private:
  struct Sample {
    std::int64_t at_us = 0;
    std::map<std::string, std::uint64_t, std::less<>> calls;
  };

  base::Mutex mutex_;
  std::deque<Sample> samples_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::console
