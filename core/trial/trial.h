#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/base/status.h"

namespace strata::core::v1 {
class Trial;
}  // namespace strata::core::v1

namespace strata::trial {

// One trial of a candidate, by copies (shadow_trial.h) or by a share of the patients
// (canary_trial.h). Thread-safe but for Begin. Kept as long as the live stack runs.
class Trial {
 public:
  virtual ~Trial() = default;

  // Brings the candidate up and begins. Blocks for as long as its start takes. An error leaves
  // nothing behind; the trial is FAILED.
  virtual Status Begin() = 0;
  // Asks it to end.
  virtual void End(std::string reason) = 0;
  virtual bool ended() const = 0;
  // Waits until it has ended; false: the time is over, or `cancelled` says so.
  virtual bool WaitEnded(std::chrono::steady_clock::time_point until,
                         const std::function<bool()>& cancelled) const = 0;
  virtual const std::string& id() const = 0;
  virtual void Fill(core::v1::Trial* out) const = 0;
  // The candidate did not let go.
  virtual bool stuck() const = 0;
};

}  // namespace strata::trial
