#pragma once

#include <cstddef>
#include <string_view>

namespace strata::gateway {

// W3C Trace Context section 3.3.1.5: tracestate up to this size is passed on.
inline constexpr std::size_t kMaxTraceState = 512;

// A traceparent of version 00 (W3C Trace Context section 3.2).
inline bool IsTraceParent(std::string_view s) {
  if (s.size() != 55 || !s.starts_with("00-")) return false;
  for (std::size_t i = 3; i < s.size(); ++i) {
    const char c = s[i];
    const bool dash = i == 35 || i == 52;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace strata::gateway
