#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/base/status.h"
#include "core/host/stack.h"
#include "strata/core/v1/core.pb.h"

namespace strata::host {

// Calls strata.core.v1 of a stack as a gateway would. Thread-safe.
class ChangeClient final {
 public:
  explicit ChangeClient(Stack& stack) : stack_(stack) {}

  Result<core::v1::ChangeResponse> Swap(const core::v1::SwapRequest& request);
  Result<core::v1::ChangeResponse> Apply(const core::v1::ApplyRequest& request);
  Result<core::v1::ChangeResponse> MoveHosting(const core::v1::MoveHostingRequest& request);
  Result<core::v1::ChangeResponse> MoveData(const core::v1::MoveDataRequest& request);
  Result<core::v1::ChangeResponse> Rollback(const std::string& slot);
  Result<core::v1::ChangeResponse> CommitFormat(const core::v1::CommitFormatRequest& request);
  Result<core::v1::Change> End(const std::string& id);
  core::v1::StatusResponse Status();
  core::v1::ListChangesResponse List(const std::string& slot = "");

  // Follows the change until `enough` says so of one of its editions, or it has ended.
  core::v1::Change WaitUntil(const std::string& id,
                             const std::function<bool(const core::v1::Change&)>& enough);
  // Until it has switched, failed or was taken back.
  core::v1::Change WaitSwitched(const std::string& id);
  core::v1::Change WaitEnded(const std::string& id);

  // Swaps and waits until it has switched or failed; FAILED changes are a status with their reason.
  Result<core::v1::Change> SwapAndWait(const std::string& slot, const std::string& package,
                                       std::uint32_t probation_s = 0);

 private:
  template <typename Request, typename Response>
  strata::Status Call(const std::string& method, const Request& request, Response* response);

  Stack& stack_;
};

}  // namespace strata::host
