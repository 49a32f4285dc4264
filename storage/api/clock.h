#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace strata::storage {

// The time sources of an engine; tests put their own in. Thread-safe when the functions are.
struct Clock {
  // Microseconds since 1970, for what is stored.
  std::function<std::int64_t()> wall_us = [] {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  // Microseconds that only grow, for leases.
  std::function<std::int64_t()> steady_us = [] {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
};

}  // namespace strata::storage
