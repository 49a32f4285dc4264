#include "plugins/data_fhir/index/quantity_units.h"

#include <cmath>

#include "plugins/data_fhir/ucum/ucum.h"

namespace strata::fhir::index {
namespace {

// Conversions of doubles differ in the last digits only.
constexpr double kTolerance = 1e-12;

double Down(double value) { return value - std::abs(value) * kTolerance; }
double Up(double value) { return value + std::abs(value) * kTolerance; }

}  // namespace

std::optional<BaseUnit> BaseUnitOf(std::string_view code) {
  Result<ucum::CanonicalUnit> unit = ucum::Canonical(code);
  if (!unit.ok()) return std::nullopt;
  return BaseUnit{unit->factor, unit->offset, unit->unit};
}

std::optional<NumberBounds> BoundsInBase(Prefix prefix, const NumberRange& searched) {
  std::optional<NumberBounds> bounds = BoundsOf(prefix, searched);
  if (!bounds) return std::nullopt;
  switch (prefix) {
    case Prefix::kGt:
      return NumberBounds{Up(searched.value), bounds->high};
    case Prefix::kLt:
      return NumberBounds{bounds->low, Down(searched.value)};
    case Prefix::kEq:
      return NumberBounds{Down(searched.low), Down(searched.high)};
    default:
      return NumberBounds{Down(bounds->low), Up(bounds->high)};
  }
}

}  // namespace strata::fhir::index
