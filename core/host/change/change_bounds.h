#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/host/change/probation_bounds.h"

namespace strata::host {

// What a stack file says of the bounds that a new plugin must keep; nothing: as the core has it.
struct ChangeBounds {
  std::optional<double> more_errors;  // A share, 0 to 1.
  std::optional<double> slower;
  std::optional<std::uint64_t> least_calls;
  std::optional<std::chrono::milliseconds> duration;

  ProbationBounds Over(ProbationBounds bounds) const {
    bounds.more_errors = more_errors.value_or(bounds.more_errors);
    bounds.slower = slower.value_or(bounds.slower);
    bounds.least_calls = least_calls.value_or(bounds.least_calls);
    return bounds;
  }
  bool operator==(const ChangeBounds&) const = default;
};

}  // namespace strata::host
