#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/abi/strata/plugin_abi.h"

namespace strata::trial {

// One call of the live plugin, to be repeated on the candidate.
struct Copy {
  std::string method;  // "/strata.data.v1.Data/Read"
  std::vector<std::string> requests;
  std::vector<std::string> responses;
  strata_code code = STRATA_OK;
  std::string auth;  // Serialized AuthContext of the caller: the candidate sees the same identity.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::chrono::steady_clock::time_point begun;
  std::int64_t duration_ns = 0;
  // How many writes the data had seen while the call ran; kUnclear: one was in flight.
  static constexpr std::uint64_t kUnclear = ~std::uint64_t{0};
  std::uint64_t writes = kUnclear;
  std::size_t bytes = 0;  // Of all messages.
};

}  // namespace strata::trial
