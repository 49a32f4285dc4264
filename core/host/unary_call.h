#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::host {

class StackState;

// Calls a unary method of a running slot on the core's own behalf, at most ten seconds long; the
// answer's bytes. The slot is that of what is staged, else of the current generation. Codes are the
// callee's.
Result<std::string> CallUnary(StackState& state, std::uint32_t slot, std::uint32_t method_index,
                              std::string_view request);

}  // namespace strata::host
