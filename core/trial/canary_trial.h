#pragma once

#include <cstdint>
#include <string>

#include "core/base/mutex.h"
#include "core/host/canary.h"
#include "core/host/stack.h"
#include "core/trial/trial.h"
#include "strata/core/v1/core.pb.h"

namespace strata::trial {

// A trial by a share of the patients: the candidate serves their requests, in the live slot. It is
// a change of the stack (KIND_CANARY), which the core carries out, watches and takes back; this is
// its face among the trials.
class CanaryTrial final : public Trial {
 public:
  CanaryTrial(host::Stack& live, std::string id, core::v1::StartTrialRequest request);

  // What Begin would do; nothing of it is done. Errors as Changes::StartCanary.
  static Result<core::v1::Plan> Plan(host::Stack& live, const core::v1::StartTrialRequest& request);

  Status Begin() override;
  void End(std::string reason) override;
  bool ended() const override;
  bool WaitEnded(std::chrono::steady_clock::time_point until,
                 const std::function<bool()>& cancelled) const override;
  const std::string& id() const override { return id_; }
  void Fill(core::v1::Trial* out) const override;
  bool stuck() const override { return false; }  // Changes::Stop takes it down.

 private:
  std::string change_id() const;
  Result<core::v1::Change> Find() const;

  host::Stack& live_;
  const std::string id_;
  const core::v1::StartTrialRequest request_;
  const host::CanaryOrder order_;
  mutable base::Mutex mutex_;
  std::string change_ STRATA_GUARDED_BY(mutex_);  // Empty: not begun.
  bool refused_ STRATA_GUARDED_BY(mutex_) = false;
  std::string reason_ STRATA_GUARDED_BY(mutex_);  // Of its end, where somebody gave one.
};

}  // namespace strata::trial
