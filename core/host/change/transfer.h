#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "core/base/status.h"

namespace strata::core::v1 {
class Progress;
}  // namespace strata::core::v1

namespace strata::host {

class StackState;
struct Slot;

// The copy of a slot's records to the plugin that is to serve it, while the old one still does
// (SWAP_MODE_TRANSFER). One control thread uses it: Copy, Finish; destroyed at any time.
class Transfer {
 public:
  // What the operator sees; false: the change is to end.
  using Report = std::function<bool(const core::v1::Progress&)>;

  virtual ~Transfer() = default;

  // Copies everything and follows the live store until the copy is so close behind that Finish is
  // short. Requests go on. An error ends the change; the candidate is thrown away.
  virtual Status Copy(const Report& report) = 0;

  // The gate is closed and no request is in flight: applies the rest and compares both sides. An
  // error ends the change, with the old plugin serving on; so does DEADLINE_EXCEEDED: requests
  // wait.
  virtual Status Finish(std::chrono::steady_clock::time_point deadline) = 0;
};

// `now` serves, `next` is ACTIVE and is routed to by nobody; both live as long as the transfer.
using MakeTransfer = std::function<Result<std::unique_ptr<Transfer>>(StackState&, const Slot& now,
                                                                     const Slot& next)>;

}  // namespace strata::host
