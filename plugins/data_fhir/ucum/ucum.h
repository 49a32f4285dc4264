#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"

// Units of measure of UCUM 2.0.1 (ucum.org/ucum, case sensitive codes): what a unit expression
// means in base units. Thread-safe.
namespace strata::ucum {

// A unit in base units: canonical value = value * factor + offset. Two quantities are comparable
// when their canonical units are equal. `unit` is built from m, s, g, rad, K, C, cd and arbitrary
// units in a fixed order ("g.m-3"), "1" when there is no dimension. The factor is a double: it has
// 15 significant digits, the value's own precision is the caller's.
struct CanonicalUnit {
  double factor = 1;
  double offset = 0;  // Not 0 for temperatures only: Cel, [degF], [degRe] become K.
  std::string unit;
};

// Reads a unit expression such as "mg/dL", "10*3/uL" or "kg.m/s2". INVALID_ARGUMENT: not UCUM.
// Arbitrary units ([iU]) and special units without a linear scale ([pH], B) are dimensions of
// their own: comparable with themselves only. Expressions are limited to 256 bytes, 16 levels.
Result<CanonicalUnit> Canonical(std::string_view expression);

}  // namespace strata::ucum
