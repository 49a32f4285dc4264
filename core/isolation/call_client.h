#pragma once

#include <grpcpp/client_context.h>

#include <string_view>

#include "core/abi/strata/plugin_abi.h"

// Shared by all that make gRPC calls on behalf of a strata_call.
namespace strata::isolation {

// CLOCK_MONOTONIC microseconds; 0: none.
void SetDeadline(std::int64_t deadline_us, grpc::ClientContext* context);

// Cancels the gRPC call when the caller of `c` does not want it any more, as long as it lives.
class CancelLink final {
 public:
  CancelLink(strata_call* c, grpc::ClientContext* context);
  ~CancelLink();
  CancelLink(const CancelLink&) = delete;
  CancelLink& operator=(const CancelLink&) = delete;

 private:
  strata_call* c_;
  std::uint64_t id_ = 0;
};

bool IsCancelled(strata_call* c);

// Gives the end of the gRPC call to the caller; returns its code.
strata_code PassStatus(const grpc::Status& status, strata_call* c);

}  // namespace strata::isolation
