#pragma once

#include <functional>
#include <memory>
#include <string>

#include "strata/core/v1/core.grpc.pb.h"

namespace strata::history {

// Calls strata.core.v1 of a running `strata`. Failures of a call are a change that FAILED, with
// the reason. Thread-safe.
class CoreClient final {
 public:
  explicit CoreClient(const std::string& grpc_address);

  core::v1::StatusResponse Status() const;
  // The newest change; none: one without an id.
  core::v1::Change Newest() const;

  // Each begins the change.
  core::v1::Change Swap(const core::v1::SwapRequest& request) const;
  core::v1::Change MoveHosting(const core::v1::MoveHostingRequest& request) const;
  core::v1::Change MoveData(const core::v1::MoveDataRequest& request) const;
  core::v1::Change Rollback(const std::string& slot) const;

  // Follows a change until `enough` says so of one of its editions, it has switched or failed, or
  // the core is gone; the last edition that was seen.
  core::v1::Change Follow(const core::v1::Change& change,
                          const std::function<bool(const core::v1::Change&)>& enough = {}) const;

 private:
  const std::unique_ptr<core::v1::Core::Stub> stub_;
};

}  // namespace strata::history
