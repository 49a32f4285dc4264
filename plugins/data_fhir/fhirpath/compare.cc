#include "plugins/data_fhir/fhirpath/compare.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "plugins/data_fhir/ucum/ucum.h"

namespace strata::fhirpath {
namespace {

bool DeepEqual(json::Value a, json::Value b) {
  if (a.type() != b.type() || a.size() != b.size()) return false;
  switch (a.type()) {
    case json::Type::kNumber: {
      const auto left = Decimal::Parse(a.lexeme());
      const auto right = Decimal::Parse(b.lexeme());
      return left && right ? *left == *right : a.lexeme() == b.lexeme();
    }
    case json::Type::kString:
      return a.string() == b.string();
    case json::Type::kArray: {
      auto other = b.elements().begin();
      for (json::Value value : a.elements()) {
        if (!DeepEqual(value, *other)) return false;
        ++other;
      }
      return true;
    }
    case json::Type::kObject:
      for (const json::Member& member : a.members()) {
        const json::Value other = b.Get(member.name);
        if (!other || !DeepEqual(member.value, other)) return false;
      }
      return true;
    default:
      return true;
  }
}

// Lower case, runs of whitespace as one space (FHIRPath #equivalence).
std::string Normalised(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out.push_back(space ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool DeepEquivalent(json::Value a, json::Value b) {
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (a.is_string()) return Normalised(a.string()) == Normalised(b.string());
  if (a.is_array()) {
    std::vector<json::Value> rest;
    for (json::Value value : b.elements()) rest.push_back(value);
    for (json::Value value : a.elements()) {
      const auto found = std::find_if(rest.begin(), rest.end(),
                                      [&](json::Value o) { return DeepEquivalent(value, o); });
      if (found == rest.end()) return false;
      rest.erase(found);
    }
    return true;
  }
  if (!a.is_object()) return DeepEqual(a, b);
  for (const json::Member& member : a.members()) {
    const json::Value other = b.Get(member.name);
    if (member.name != "id" && (!other || !DeepEquivalent(member.value, other))) return false;
  }
  return true;
}

bool IsNumber(const Item& item) {
  return item.kind() == ItemKind::kInteger || item.kind() == ItemKind::kDecimal;
}

int CompareDoubles(double a, double b) {
  const double tolerance = 1e-12 * std::max(std::fabs(a), std::fabs(b));
  return std::fabs(a - b) <= tolerance ? 0 : a < b ? -1 : 1;
}

// A quantity of time: months when its length varies, milliseconds when it does not.
struct TimeSpan {
  bool varies = false;
  Decimal amount;
};
std::optional<TimeSpan> SpanOf(const Quantity& quantity) {
  constexpr std::int64_t kDay = 86'400'000;
  constexpr std::int64_t kScales[] = {12, 1, 7 * kDay, kDay, 3'600'000, 60'000, 1000, 1};
  const auto unit =
      quantity.calendar ? CalendarUnit(quantity.unit) : DefiniteUcumUnit(quantity.unit);
  if (!unit) return std::nullopt;
  const auto amount =
      Decimal::Multiply(quantity.value, Decimal(kScales[static_cast<std::size_t>(*unit)]));
  if (!amount) return std::nullopt;
  return TimeSpan{*unit <= TimeUnit::kMonth, *amount};
}

std::string_view UnitOrOne(const Quantity& quantity) {
  return quantity.unit.empty() ? std::string_view("1") : quantity.unit;
}

enum class UnitRule { kExact, kLoose };  // kLoose: a year is 'a', a month 'mo'.

std::optional<int> CompareQuantities(const Quantity& a, const Quantity& b, UnitRule rule) {
  const auto left_span = SpanOf(a);
  const auto right_span = SpanOf(b);
  if (left_span && right_span) {
    if (left_span->varies != right_span->varies) return std::nullopt;
    return Decimal::Compare(left_span->amount, right_span->amount);
  }
  if (a.calendar != b.calendar) {
    if (rule == UnitRule::kExact) return std::nullopt;
    const auto ucum = [](const Quantity& q) {
      const auto unit = q.calendar ? CalendarUnit(q.unit) : std::nullopt;
      return unit == TimeUnit::kYear    ? std::string_view("a")
             : unit == TimeUnit::kMonth ? std::string_view("mo")
                                        : q.unit;
    };
    return CompareQuantities({a.value, ucum(a), false}, {b.value, ucum(b), false}, rule);
  }
  if (UnitOrOne(a) == UnitOrOne(b)) return Decimal::Compare(a.value, b.value);
  const auto left = ucum::Canonical(UnitOrOne(a));
  const auto right = ucum::Canonical(UnitOrOne(b));
  if (!left.ok() || !right.ok() || left->unit != right->unit) return std::nullopt;
  return CompareDoubles(a.value.ToDouble() * left->factor + left->offset,
                        b.value.ToDouble() * right->factor + right->offset);
}

// Rounded to the precision of the less precise one.
bool EquivalentDecimals(const Decimal& a, const Decimal& b) {
  const int scale = std::min(a.scale(), b.scale());
  const auto left = a.WithScale(scale, Decimal::Rounding::kHalfUp);
  const auto right = b.WithScale(scale, Decimal::Rounding::kHalfUp);
  return left && right && *left == *right;
}

bool DatesMix(const Temporal& a, const Temporal& b) {
  return (a.kind == TemporalKind::kTime) == (b.kind == TemporalKind::kTime);
}

}  // namespace

std::optional<Decimal> ToDecimal(const Item& system) {
  if (const auto* integer = system.As<std::int64_t>()) return Decimal(*integer);
  if (const auto* decimal = system.As<Decimal>()) return *decimal;
  return std::nullopt;
}

std::optional<Quantity> ToQuantity(const Item& system) {
  if (const auto* quantity = system.As<Quantity>()) return *quantity;
  const auto decimal = ToDecimal(system);
  return decimal ? std::optional(Quantity{*decimal, {}, false}) : std::nullopt;
}

bool Comparable(const Quantity& a, const Quantity& b) {
  if (CompareQuantities(a, b, UnitRule::kLoose)) return true;
  const auto left = ucum::Canonical(UnitOrOne(a));
  const auto right = ucum::Canonical(UnitOrOne(b));
  return left.ok() && right.ok() && left->unit == right->unit;
}

std::optional<bool> Equal(const Item& left, const Item& right) {
  const Item a = ToSystem(left);
  const Item b = ToSystem(right);
  if (IsNumber(a) && IsNumber(b)) return *ToDecimal(a) == *ToDecimal(b);
  const bool quantity = a.As<Quantity>() != nullptr || b.As<Quantity>() != nullptr;
  if (quantity && ToQuantity(a) && ToQuantity(b)) {
    const auto order = CompareQuantities(*ToQuantity(a), *ToQuantity(b), UnitRule::kExact);
    return order ? std::optional(*order == 0) : std::nullopt;
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ItemKind::kElement:
      if (!a.element().value || !b.element().value) {
        return a.element().value == b.element().value && a.element().sibling &&
               b.element().sibling && DeepEqual(a.element().sibling, b.element().sibling);
      }
      return DeepEqual(a.element().value, b.element().value);
    case ItemKind::kBoolean:
      return *a.As<bool>() == *b.As<bool>();
    case ItemKind::kString:
      return *a.As<std::string_view>() == *b.As<std::string_view>();
    case ItemKind::kTemporal: {
      if (!DatesMix(*a.As<Temporal>(), *b.As<Temporal>())) return false;
      const auto order = Temporal::Compare(*a.As<Temporal>(), *b.As<Temporal>());
      return order ? std::optional(*order == 0) : std::nullopt;
    }
    case ItemKind::kTypeName:
      return a.As<TypeName>()->name == b.As<TypeName>()->name;
    default:
      return false;
  }
}

bool Equivalent(const Item& left, const Item& right) {
  const Item a = ToSystem(left);
  const Item b = ToSystem(right);
  if (IsNumber(a) && IsNumber(b)) return EquivalentDecimals(*ToDecimal(a), *ToDecimal(b));
  const bool quantity = a.As<Quantity>() != nullptr || b.As<Quantity>() != nullptr;
  if (quantity && ToQuantity(a) && ToQuantity(b)) {
    const Quantity x = *ToQuantity(a);
    const Quantity y = *ToQuantity(b);
    if (UnitOrOne(x) == UnitOrOne(y)) return EquivalentDecimals(x.value, y.value);
    return CompareQuantities(x, y, UnitRule::kLoose) == 0;
  }
  if (a.kind() != b.kind()) return false;
  if (a.kind() == ItemKind::kString) {
    return Normalised(*a.As<std::string_view>()) == Normalised(*b.As<std::string_view>());
  }
  if (a.kind() == ItemKind::kTemporal) {
    return DatesMix(*a.As<Temporal>(), *b.As<Temporal>()) &&
           a.As<Temporal>()->precision == b.As<Temporal>()->precision &&
           Temporal::Compare(*a.As<Temporal>(), *b.As<Temporal>()) == 0;
  }
  if (a.is_element() && a.element().value && b.element().value) {
    return DeepEquivalent(a.element().value, b.element().value);
  }
  return Equal(a, b).value_or(false);
}

OrderResult Order(const Item& left, const Item& right) {
  const Item a = ToSystem(left);
  const Item b = ToSystem(right);
  if (IsNumber(a) && IsNumber(b)) return {true, Decimal::Compare(*ToDecimal(a), *ToDecimal(b))};
  if (ToQuantity(a) && ToQuantity(b)) {
    return {true, CompareQuantities(*ToQuantity(a), *ToQuantity(b), UnitRule::kExact)};
  }
  if (a.kind() != b.kind()) return {};
  if (a.kind() == ItemKind::kString) {
    const int order = a.As<std::string_view>()->compare(*b.As<std::string_view>());
    return {true, order < 0 ? -1 : order > 0 ? 1 : 0};
  }
  if (a.kind() == ItemKind::kTemporal && DatesMix(*a.As<Temporal>(), *b.As<Temporal>())) {
    return {true, Temporal::Compare(*a.As<Temporal>(), *b.As<Temporal>())};
  }
  return {};
}

}  // namespace strata::fhirpath
