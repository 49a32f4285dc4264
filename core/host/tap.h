#pragma once

#include <cstdint>

#include "core/abi/strata/plugin_abi.h"

namespace strata::host {

// What somebody beside the live path wants to know of one call. Used by the threads of that call,
// one at a time; none of its functions blocks.
class CallObserver {
 public:
  virtual void Request(strata_bytes message) = 0;  // Only those of a client stream.
  virtual void Response(strata_bytes message) = 0;
  // The last function that is called.
  virtual void End(strata_code code, std::int64_t duration_ns) = 0;

 protected:
  ~CallObserver() = default;
};

// Sees the calls that the router carries into slots, while it is set (Router::set_tap).
// Thread-safe; lives as long as the stack.
class Tap {
 public:
  // `call` is what the callee sees. Null: nobody wants to know.
  virtual CallObserver* Begin(std::uint32_t slot, const strata_method& method,
                              const strata_call& call) = 0;

 protected:
  ~Tap() = default;
};

}  // namespace strata::host
