// Conversions (FHIRPath #conversion).

#include <algorithm>
#include <array>
#include <charconv>

#include "plugins/data_fhir/fhirpath/compare.h"
#include "plugins/data_fhir/fhirpath/functions.h"
#include "plugins/data_fhir/ucum/ucum.h"

namespace strata::fhirpath {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<bool> BooleanOf(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  for (std::string_view word : {"true", "t", "yes", "y", "1", "1.0"}) {
    if (lower == word) return true;
  }
  for (std::string_view word : {"false", "f", "no", "n", "0", "0.0"}) {
    if (lower == word) return false;
  }
  return std::nullopt;
}

std::optional<Item> ToBoolean(const Item& item) {
  std::optional<bool> truth;
  if (const bool* value = item.As<bool>()) {
    truth = *value;
  } else if (const auto* text = item.As<std::string_view>()) {
    truth = BooleanOf(*text);
  } else if (const auto number = ToDecimal(item)) {
    if (*number == Decimal(1)) truth = true;
    if (*number == Decimal(0)) truth = false;
  }
  return truth ? std::optional(Item(*truth)) : std::nullopt;
}

// Sign and digits only, 32 bits.
std::optional<Item> ToInteger(const Item& item) {
  if (item.As<std::int64_t>()) return item;
  if (const bool* value = item.As<bool>()) return Item(std::int64_t{*value});
  const auto* text = item.As<std::string_view>();
  if (text == nullptr || text->empty()) return std::nullopt;
  std::string_view digits = *text;
  if (digits.front() == '+' && digits.size() > 1 && IsDigit(digits[1])) digits.remove_prefix(1);
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return Item(std::int64_t{value});
}

std::optional<Item> ToDecimalItem(const Item& item) {
  if (const auto number = ToDecimal(item)) return Item(*number);
  if (const bool* value = item.As<bool>())
    return Item(*value ? *Decimal::Parse("1.0") : *Decimal::Parse("0.0"));
  const auto* text = item.As<std::string_view>();
  if (text == nullptr || text->find_first_of("eE") != std::string_view::npos) return std::nullopt;
  const auto value = Decimal::Parse(*text);
  return value ? std::optional(Item(*value)) : std::nullopt;
}

std::optional<Item> ToTemporal(const Item& item, TemporalKind kind) {
  if (const auto* text = item.As<std::string_view>()) {
    const auto value = Temporal::Parse(kind, *text);
    return value ? std::optional(Item(*value)) : std::nullopt;
  }
  const auto* value = item.As<Temporal>();
  if (value == nullptr) return std::nullopt;
  if (value->kind == kind) return item;
  if (value->kind == TemporalKind::kTime || kind == TemporalKind::kTime) return std::nullopt;
  Temporal out = *value;
  out.kind = kind;
  if (kind == TemporalKind::kDate && out.precision > Precision::kDay) {
    out = *out.Boundary(/*high=*/false, 8);
  }
  return Item(out);
}

std::optional<Item> ToQuantityItem(const Item& item) {
  if (const auto quantity = ToQuantity(item)) {
    return Item(Quantity{quantity->value, quantity->unit.empty() ? "1" : quantity->unit,
                         quantity->calendar});
  }
  if (const bool* value = item.As<bool>()) {
    return Item(Quantity{*Decimal::Parse(*value ? "1.0" : "0.0"), "1", false});
  }
  const auto* text = item.As<std::string_view>();
  const auto quantity = text == nullptr ? std::nullopt : ParseQuantity(*text);
  return quantity ? std::optional(Item(*quantity)) : std::nullopt;
}

// The quantity in another unit; nullopt when that is another dimension.
std::optional<Item> InUnit(const Quantity& quantity, std::string_view unit) {
  const bool calendar = CalendarUnit(unit).has_value();
  if (quantity.unit == unit) return Item(quantity);
  const auto ucum_of = [](std::string_view name) -> std::string_view {
    constexpr std::array<std::string_view, 8> kCodes = {"a", "mo",  "wk", "d",
                                                        "h", "min", "s",  "ms"};
    const auto known = CalendarUnit(name);
    return known ? kCodes[static_cast<std::size_t>(*known)] : name;
  };
  const auto from = ucum::Canonical(ucum_of(quantity.unit.empty() ? "1" : quantity.unit));
  const auto to = ucum::Canonical(ucum_of(unit));
  if (!from.ok() || !to.ok() || from->unit != to->unit) return std::nullopt;
  const double canonical = quantity.value.ToDouble() * from->factor + from->offset;
  const auto value = Decimal::FromDouble((canonical - to->offset) / to->factor);
  return value ? std::optional(Item(Quantity{*value, unit, calendar})) : std::nullopt;
}

// Calls with at most one item; `convert` gives the result, `test` asks only whether there is one.
template <typename Convert>
bool Run(const Call& call, bool test, Convert convert) {
  std::optional<Item> item;
  if (!call.Input(item)) return false;
  if (!item) return true;
  const std::optional<Item> converted = convert(*item);
  if (test) return call.Push(Item(converted.has_value()));
  return !converted || call.Push(*converted);
}

bool ToBooleanCall(const Call& call) { return Run(call, false, ToBoolean); }
bool ConvertsToBoolean(const Call& call) { return Run(call, true, ToBoolean); }
bool ToIntegerCall(const Call& call) { return Run(call, false, ToInteger); }
bool ConvertsToInteger(const Call& call) { return Run(call, true, ToInteger); }
bool ToDecimalCall(const Call& call) { return Run(call, false, ToDecimalItem); }
bool ConvertsToDecimal(const Call& call) { return Run(call, true, ToDecimalItem); }

template <TemporalKind kKind, bool kTest>
bool TemporalCall(const Call& call) {
  return Run(call, kTest, [](const Item& item) { return ToTemporal(item, kKind); });
}

bool QuantityCall(const Call& call, bool test) {
  std::optional<std::string_view> unit;
  if (call.arg_count() > 0 && !call.Text(0, unit)) return false;
  return Run(call, test, [&](const Item& item) -> std::optional<Item> {
    const auto quantity = ToQuantityItem(item);
    if (!quantity || !unit) return quantity;
    return InUnit(*quantity->As<Quantity>(), *unit);
  });
}
bool ToQuantityCall(const Call& call) { return QuantityCall(call, false); }
bool ConvertsToQuantity(const Call& call) { return QuantityCall(call, true); }

bool ToStringCall(const Call& call) {
  std::optional<Item> item;
  if (!call.Input(item)) return false;
  if (!item) return true;
  auto text = ToText(*item);
  return !text || call.PushText(*std::move(text));
}
bool ConvertsToString(const Call& call) {
  return Run(call, true,
             [](const Item& item) { return ToText(item) ? std::optional(item) : std::nullopt; });
}

constexpr Function kFunctions[] = {
    {"toBoolean", 0, 0, ToBooleanCall},
    {"convertsToBoolean", 0, 0, ConvertsToBoolean},
    {"toInteger", 0, 0, ToIntegerCall},
    {"convertsToInteger", 0, 0, ConvertsToInteger},
    {"toDecimal", 0, 0, ToDecimalCall},
    {"convertsToDecimal", 0, 0, ConvertsToDecimal},
    {"toDate", 0, 0, TemporalCall<TemporalKind::kDate, false>},
    {"convertsToDate", 0, 0, TemporalCall<TemporalKind::kDate, true>},
    {"toDateTime", 0, 0, TemporalCall<TemporalKind::kDateTime, false>},
    {"convertsToDateTime", 0, 0, TemporalCall<TemporalKind::kDateTime, true>},
    {"toTime", 0, 0, TemporalCall<TemporalKind::kTime, false>},
    {"convertsToTime", 0, 0, TemporalCall<TemporalKind::kTime, true>},
    {"toQuantity", 0, 1, ToQuantityCall},
    {"convertsToQuantity", 0, 1, ConvertsToQuantity},
    {"toString", 0, 0, ToStringCall},
    {"convertsToString", 0, 0, ConvertsToString},
};

}  // namespace

std::span<const Function> ConversionFunctions() { return kFunctions; }

// (+|-)? digits (. digits)? whitespace* ('unit' | calendar unit)?
std::optional<Quantity> ParseQuantity(std::string_view text) {
  std::size_t end = text.starts_with('+') || text.starts_with('-') ? 1 : 0;
  while (end < text.size() && (IsDigit(text[end]) || text[end] == '.')) ++end;
  const auto value = Decimal::Parse(text.substr(0, end));
  if (!value) return std::nullopt;
  std::string_view unit = text.substr(end);
  while (!unit.empty() && (unit.front() == ' ' || unit.front() == '\t')) unit.remove_prefix(1);
  if (unit.empty()) return Quantity{*value, "1", false};
  if (CalendarUnit(unit)) return Quantity{*value, unit, true};
  if (unit.size() < 3 || unit.front() != '\'' || unit.back() != '\'') return std::nullopt;
  unit = unit.substr(1, unit.size() - 2);
  if (unit.find('\'') != std::string_view::npos && !ucum::Canonical(unit).ok()) return std::nullopt;
  return Quantity{*value, unit, false};
}

std::optional<std::string> ToText(const Item& any) {
  const Item item = ToSystem(any);
  if (const bool* value = item.As<bool>()) return std::string(*value ? "true" : "false");
  if (const auto* integer = item.As<std::int64_t>()) return std::to_string(*integer);
  if (const auto* decimal = item.As<Decimal>()) return decimal->ToString();
  if (const auto* text = item.As<std::string_view>()) return std::string(*text);
  if (const auto* temporal = item.As<Temporal>()) return temporal->ToString();
  if (const auto* quantity = item.As<Quantity>()) {
    const std::string unit(quantity->unit.empty() ? "1" : quantity->unit);
    return quantity->value.ToString() + " " + (quantity->calendar ? unit : "'" + unit + "'");
  }
  return std::nullopt;
}

}  // namespace strata::fhirpath
