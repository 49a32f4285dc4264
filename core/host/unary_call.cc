#include "core/host/unary_call.h"

#include "core/base/ids.h"
#include "core/host/auth.h"
#include "core/host/stack_state.h"
#include "core/sdk/strata/abi.h"

namespace strata::host {
namespace {

constexpr std::int64_t kTimeoutUs = 10'000'000;

struct Call : strata_call {
  std::string response;
  std::string message;
};

strata_code Write(strata_call* c, strata_bytes bytes) {
  static_cast<Call*>(c)->response.assign(abi::View(bytes));
  return STRATA_OK;
}

void SetStatus(strata_call* c, const strata_status* status) {
  static_cast<Call*>(c)->message.assign(abi::View(status->message));
}

void SetTrailer(strata_call*, const strata_kv*) {}

constexpr strata_call_ops kOps = {sizeof(strata_call_ops),
                                  &Write,
                                  nullptr,
                                  nullptr,
                                  nullptr,
                                  nullptr,
                                  &SetStatus,
                                  &SetTrailer,
                                  nullptr};

}  // namespace

Result<std::string> CallUnary(StackState& state, std::uint32_t slot, std::uint32_t method_index,
                              std::string_view request) {
  Call call{};
  const std::string auth = SystemAuth("core", base::NewUuid7(state.clock.WallUs()));
  call.struct_size = sizeof(strata_call);
  call.ops = &kOps;
  call.request = abi::Bytes(request);
  call.deadline_us = state.clock.MonotonicUs() + kTimeoutUs;
  call.auth = abi::Bytes(auth);
  STRATA_ASSIGN_OR_RETURN(const auto ticket, state.table.EnterStaged());
  Request pinned(state.table, state.hub, ticket);
  const strata_code code = state.router.CallSlot(pinned, slot, method_index, &call);
  if (code == STRATA_OK) return std::move(call.response);
  return Status(abi::ToCode(code), std::move(call.message));
}

}  // namespace strata::host
