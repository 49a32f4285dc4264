#pragma once

#include <cstddef>
#include <cstdint>

namespace strata::host {

// The bounds that a plugin on probation must keep. All are looked at once per check (a second).
struct ProbationBounds {
  // Calls are judged over the last so many checks.
  std::size_t window = 10;
  // Nothing is said about calls before so many of them were in the window.
  std::uint64_t least_calls = 20;
  std::uint64_t least_calls_for_p99 = 200;
  // Share of failed calls beyond that of the plugin before: breached when it is more than this
  // above it and more than twice as high.
  double more_errors = 0.05;
  // p99 (of fewer calls, the median) beyond this many times that of the plugin before, and this
  // much more.
  double slower = 3.0;
  double slower_by_s = 0.005;
  // How many checks in a row must find it unhealthy, or slow.
  int checks = 3;
};

}  // namespace strata::host
