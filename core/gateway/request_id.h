#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace strata::gateway {

inline constexpr std::size_t kMaxRequestId = 64;

// Whether a request id of a client may stand in logs and answers as it is.
inline bool IsSaneRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestId && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace strata::gateway
