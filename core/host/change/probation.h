#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "core/host/change/probation_bounds.h"
#include "core/host/instance.h"
#include "core/host/isolation.h"
#include "core/host/slot_stats.h"

namespace strata::host {

// Watches one slot after a change and compares it with what served before. Single-threaded.
class Probation final {
 public:
  using StatsMark = SlotStats::StatsMark;

  // `before`: what the plugin before did, or null: then only failures and health count.
  Probation(std::shared_ptr<Instance> instance, std::shared_ptr<const StatsMark> before,
            const ProbationBounds& bounds);
  // The measure is what another one does at the same time.
  Probation(std::shared_ptr<Instance> instance, std::shared_ptr<const SlotStats> beside,
            const ProbationBounds& bounds);

  // A process that ends by itself is a reason as well. `isolation` outlives this; null: there is no
  // process. `was_copied`: not what happened while records were copied to it.
  void WatchProcess(const Isolation* isolation, bool was_copied = false);

  // One look. Empty: all is well; else why the change is to be taken back.
  std::string Check();

  const Instance& instance() const { return *instance_; }

 private:
  std::uint32_t Crashes() const;
  std::string CheckProcess() const;
  std::string CheckHealth();
  std::string CheckErrors(const StatsMark& recent) const;
  std::string CheckLatency(const StatsMark& recent);

  const std::shared_ptr<Instance> instance_;
  const std::shared_ptr<const SlotStats> beside_;  // Null: `before_` stays.
  std::shared_ptr<const StatsMark> before_;
  const ProbationBounds bounds_;
  std::deque<std::shared_ptr<const StatsMark>> marks_;  // Oldest first.
  const Isolation* isolation_ = nullptr;
  std::uint32_t crashes_before_ = 0;
  int unhealthy_ = 0;
  int slow_ = 0;
};

}  // namespace strata::host
