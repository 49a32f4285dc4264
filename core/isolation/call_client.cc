#include "core/isolation/call_client.h"

#include <grpc/support/time.h>

#include "core/isolation/call_parts.h"

namespace strata::isolation {

void SetDeadline(std::int64_t deadline_us, grpc::ClientContext* context) {
  if (deadline_us == 0) return;
  gpr_timespec deadline;
  deadline.clock_type = GPR_CLOCK_MONOTONIC;  // Of the same origin as CLOCK_MONOTONIC.
  deadline.tv_sec = deadline_us / 1'000'000;
  deadline.tv_nsec = static_cast<std::int32_t>(deadline_us % 1'000'000 * 1000);
  context->set_deadline(deadline);
}

CancelLink::CancelLink(strata_call* c, grpc::ClientContext* context) : c_(c) {
  if (c_->ops->on_cancel == nullptr || c_->ops->off_cancel == nullptr) return;
  id_ = c_->ops->on_cancel(
      c_, [](void* arg) { static_cast<grpc::ClientContext*>(arg)->TryCancel(); }, context);
  if (id_ == 0 && IsCancelled(c_)) context->TryCancel();
}

CancelLink::~CancelLink() {
  if (id_ != 0) c_->ops->off_cancel(c_, id_);
}

bool IsCancelled(strata_call* c) { return c->ops->cancelled != nullptr && c->ops->cancelled(c); }

strata_code PassStatus(const grpc::Status& status, strata_call* c) {
  return PassStatus(static_cast<strata_code>(status.error_code()), status.error_message(),
                    status.error_details(), c);
}

}  // namespace strata::isolation
