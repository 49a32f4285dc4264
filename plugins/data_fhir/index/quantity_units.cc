#include "plugins/data_fhir/index/quantity_units.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "plugins/data_fhir/ucum/ucum.h"

namespace strata::fhir::index {
namespace {

// Conversions of doubles differ in the last digits only.
constexpr double kTolerance = 1e-12;
constexpr std::size_t kMaxKnown = 2000;

double Down(double value) { return value - std::abs(value) * kTolerance; }
double Up(double value) { return value + std::abs(value) * kTolerance; }

// Numbers that are not the value itself: zero has no tolerance.
double Below(double value) { return std::min(Down(value), std::nextafter(value, -HUGE_VAL)); }
double Above(double value) { return std::max(Up(value), std::nextafter(value, HUGE_VAL)); }

}  // namespace

std::optional<BaseUnit> BaseUnitOf(std::string_view code) {
  // Records use few units, each very often. What is kept never changes, so that each thread may
  // have its own copy.
  thread_local std::unordered_map<std::string, std::optional<BaseUnit>> known;
  const auto [at, is_new] = known.try_emplace(std::string(code));
  if (!is_new) return at->second;
  std::optional<BaseUnit> base;
  if (const Result<ucum::CanonicalUnit> unit = ucum::Canonical(code); unit.ok()) {
    base = BaseUnit{unit->factor, unit->offset, unit->unit};
  }
  if (known.size() > kMaxKnown) {
    known.clear();
    return base;
  }
  at->second = base;
  return base;
}

std::optional<NumberBounds> BoundsInBase(Prefix prefix, const NumberRange& searched) {
  std::optional<NumberBounds> bounds = BoundsOf(prefix, searched);
  if (!bounds) return std::nullopt;
  switch (prefix) {
    case Prefix::kGt:
      return NumberBounds{Above(searched.value), bounds->high};
    case Prefix::kLt:
      return NumberBounds{bounds->low, Below(searched.value)};
    case Prefix::kEq:
      return NumberBounds{Down(searched.low), Below(searched.high)};
    default:
      return NumberBounds{Down(bounds->low), Up(bounds->high)};
  }
}

}  // namespace strata::fhir::index
