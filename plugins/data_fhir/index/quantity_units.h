#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/data_fhir/index/number_value.h"

// Quantities in UCUM base units, so that different units of one dimension compare. Thread-safe.
namespace strata::fhir::index {

inline constexpr std::string_view kUcumSystem = "http://unitsofmeasure.org";

struct BaseUnit {
  double factor = 1;
  double offset = 0;
  std::string name;  // "g.m-3"

  double Convert(double value) const { return value * factor + offset; }
};

// What a UCUM code is in base units; nullopt: no UCUM code.
std::optional<BaseUnit> BaseUnitOf(std::string_view code);

// As BoundsOf, for converted numbers: wide enough that the rounding of doubles does not matter.
// nullopt for ne.
std::optional<NumberBounds> BoundsInBase(Prefix prefix, const NumberRange& searched);

}  // namespace strata::fhir::index
