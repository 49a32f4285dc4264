#pragma once

#include <strata/plugin_abi.h>

#include <chrono>
#include <string_view>

#include "core/base/status.h"

// Conversions between the C types of the plugin edge and C++ views. All of them borrow.
namespace strata::abi {

inline std::string_view View(strata_str s) { return {s.data, s.size}; }

inline std::string_view View(strata_bytes b) {
  return {reinterpret_cast<const char*>(b.data), b.size};
}

inline strata_str Str(std::string_view s) { return {s.data(), s.size()}; }

inline strata_bytes Bytes(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

// A code from the other side; anything outside gRPC's table becomes kUnknown.
inline Code ToCode(strata_code code) {
  return code < STRATA_OK || code > STRATA_UNAUTHENTICATED ? Code::kUnknown
                                                           : static_cast<Code>(code);
}

// Both clocks are CLOCK_MONOTONIC on Linux; 0 stands for "no deadline".
using TimePoint = std::chrono::steady_clock::time_point;

inline int64_t ToUs(TimePoint t) {
  if (t == TimePoint::max()) return 0;
  return std::chrono::duration_cast<std::chrono::microseconds>(t.time_since_epoch()).count();
}

inline TimePoint FromUs(int64_t us) {
  return us == 0 ? TimePoint::max() : TimePoint(std::chrono::microseconds(us));
}

inline int64_t MonotonicUs() { return ToUs(std::chrono::steady_clock::now()); }

}  // namespace strata::abi
