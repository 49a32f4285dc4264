#include "core/trial/stack_call.h"

#include "core/base/ids.h"
#include "core/host/auth.h"
#include "core/sdk/strata/abi.h"

namespace strata::trial {
namespace {

struct Outer : strata_call {
  const StackCall* spec = nullptr;
  std::size_t next = 0;
  std::string current;  // The message that Read handed out last.
  std::string message;
};

Outer& Of(strata_call* c) { return *static_cast<Outer*>(c); }

strata_code Write(strata_call* c, strata_bytes bytes) {
  const auto& sink = Of(c).spec->on_response;
  return !sink || sink(abi::View(bytes)) ? STRATA_OK : STRATA_CANCELLED;
}

strata_code Read(strata_call* c, strata_bytes* out) {
  Outer& call = Of(c);
  if (call.spec->next_request) {
    if (!call.spec->next_request(&call.current)) return STRATA_OUT_OF_RANGE;
    *out = abi::Bytes(call.current);
    return STRATA_OK;
  }
  if (call.next == call.spec->requests.size()) return STRATA_OUT_OF_RANGE;
  *out = abi::Bytes(call.spec->requests[call.next++]);
  return STRATA_OK;
}

std::int32_t Cancelled(strata_call* c) {
  const auto& cancelled = Of(c).spec->cancelled;
  return cancelled && cancelled() ? 1 : 0;
}

void SetStatus(strata_call* c, const strata_status* status) {
  Of(c).message = abi::View(status->message);
}

void SetTrailer(strata_call*, const strata_kv*) {}

constexpr strata_call_ops kOps = {sizeof(strata_call_ops),
                                  &Write,
                                  &Read,
                                  &Cancelled,
                                  nullptr,
                                  nullptr,
                                  &SetStatus,
                                  &SetTrailer,
                                  nullptr};

bool Streams(std::int32_t kind) { return kind == STRATA_CLIENT_STREAM || kind == STRATA_BIDI; }

}  // namespace

Status CallStack(host::Ingress& stack, const StackCall& call) {
  const std::int64_t deadline_us = abi::MonotonicUs() + call.timeout.count() * 1000;
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<host::Pin> pin, stack.Enter(deadline_us));
  STRATA_ASSIGN_OR_RETURN(const host::Target target, pin->FindMethod(call.slot, call.method));
  const std::string own =
      call.auth.empty() ? host::SystemAuth("core", base::NewUuid7(abi::MonotonicUs())) : "";
  Outer outer{};
  outer.struct_size = sizeof(strata_call);
  outer.ops = &kOps;
  outer.spec = &call;
  outer.deadline_us = deadline_us;
  outer.auth = abi::Bytes(call.auth.empty() ? std::string_view(own) : call.auth);
  if (!Streams(target.kind) && !call.requests.empty()) {
    outer.request = abi::Bytes(call.requests.front());
  }
  std::vector<strata_kv> metadata;
  if (call.metadata != nullptr) {
    for (const auto& [key, value] : *call.metadata) {
      metadata.push_back({abi::Str(key), abi::Bytes(value)});
    }
  }
  outer.metadata = metadata.data();
  outer.metadata_count = metadata.size();
  const strata_code code = pin->Call(target, &outer);
  return code == STRATA_OK ? OkStatus() : Status(abi::ToCode(code), std::move(outer.message));
}

Result<std::string> CallUnary(host::Ingress& stack, std::string_view slot, std::string_view method,
                              std::string request) {
  std::string answer;
  StackCall call;
  call.slot = slot;
  call.method = method;
  call.requests.push_back(std::move(request));
  call.on_response = [&](std::string_view message) {
    answer = message;
    return true;
  };
  STRATA_RETURN_IF_ERROR(CallStack(stack, call));
  return answer;
}

}  // namespace strata::trial
