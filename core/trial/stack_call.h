#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/host/ingress.h"

namespace strata::trial {

// One call into a stack, as a request of its own.
struct StackCall {
  std::string slot;
  std::string method;  // "/strata.data.v1.Data/Read"
  std::vector<std::string> requests;
  // Of a client stream, instead of `requests`: the next message; false at the end.
  std::function<bool(std::string*)> next_request;
  std::string_view auth;  // Serialized AuthContext; empty: the core's own.
  const std::vector<std::pair<std::string, std::string>>* metadata = nullptr;
  std::chrono::milliseconds timeout{30'000};
  // False ends the call early (CANCELLED).
  std::function<bool(std::string_view)> on_response;
  // Polled by the callee.
  std::function<bool()> cancelled;
};

// Makes the call on this thread and waits for its end. The callee's code and message;
// RESOURCE_EXHAUSTED, UNAVAILABLE: the stack did not let it in; UNIMPLEMENTED, NOT_FOUND: no such
// method or slot.
Status CallStack(host::Ingress& stack, const StackCall& call);

// The same for one request and one answer.
Result<std::string> CallUnary(host::Ingress& stack, std::string_view slot, std::string_view method,
                              std::string request);

}  // namespace strata::trial
