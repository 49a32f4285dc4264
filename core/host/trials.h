#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/base/status.h"

namespace strata::core::v1 {
class ListTrialsResponse;
class StartTrialRequest;
class Trial;
}  // namespace strata::core::v1

namespace strata::host {

class Stack;

// Trials of candidates beside the plugins that serve (core/trial). Errors as proto/strata/core/v1.
// Thread-safe.
class Trials {
 public:
  virtual ~Trials() = default;

  virtual Status Start(const core::v1::StartTrialRequest& request, core::v1::Trial* out) = 0;
  // As it is now.
  virtual Status Get(const std::string& id, core::v1::Trial* out) const = 0;
  // Waits until the trial has ended, the time is over or `cancelled`; then as Get.
  virtual Status Wait(const std::string& id, std::chrono::steady_clock::time_point until,
                      const std::function<bool()>& cancelled, core::v1::Trial* out) const = 0;
  virtual Status End(const std::string& id, core::v1::Trial* out) = 0;
  virtual void List(core::v1::ListTrialsResponse* out) const = 0;
  // Ends what runs; nothing starts any more. DEADLINE_EXCEEDED: a candidate did not let go.
  virtual Status Stop() = 0;
};

// Makes the trials of a stack that has started (StackOptions::make_trials).
using MakeTrials = std::function<std::unique_ptr<Trials>(Stack&)>;

}  // namespace strata::host
