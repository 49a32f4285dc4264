// Numbers and boundaries (FHIRPath #math, #lowboundary, #precision).

#include <cmath>

#include "plugins/data_fhir/fhirpath/compare.h"
#include "plugins/data_fhir/fhirpath/functions.h"

namespace strata::fhirpath {
namespace {

constexpr int kMaxScale = 28;

// Calls `run` with the input as a number; fails on anything else.
template <typename Run>
bool WithNumber(const Call& call, Run run) {
  std::optional<Item> item;
  if (!call.Input(item)) return false;
  if (!item) return true;
  const auto number = ToDecimal(*item);
  return number ? run(*number) : call.Fail("called on an item that is no number");
}

bool PushDouble(const Call& call, double value) {
  const auto decimal = Decimal::FromDouble(value);
  return !decimal || call.Push(Item(*decimal));
}

bool Abs(const Call& call) {
  std::optional<Item> item;
  if (!call.Input(item)) return false;
  if (!item) return true;
  const auto absolute = [](Decimal value) { return value.is_negative() ? -value : value; };
  if (const auto* integer = item->As<std::int64_t>()) return call.Push(Item(std::abs(*integer)));
  if (const auto* decimal = item->As<Decimal>()) return call.Push(Item(absolute(*decimal)));
  if (const auto* quantity = item->As<Quantity>()) {
    return call.Push(Item(Quantity{absolute(quantity->value), quantity->unit, quantity->calendar}));
  }
  return call.Fail("called on an item that is no number");
}

template <Decimal::Rounding kRounding>
bool ToWhole(const Call& call) {
  return WithNumber(call, [&](Decimal number) {
    const auto whole = number.Integral(kRounding).ToInteger();
    const auto item = whole ? IntegerItem(*whole) : std::nullopt;
    return !item || call.Push(*item);
  });
}

template <double (*kFunction)(double)>
bool Apply(const Call& call) {
  return WithNumber(call,
                    [&](Decimal number) { return PushDouble(call, kFunction(number.ToDouble())); });
}
double Exp(double x) { return std::exp(x); }
double Ln(double x) { return std::log(x); }
double Sqrt(double x) { return std::sqrt(x); }

bool NumberArgument(const Call& call, std::optional<Decimal>& value) {
  std::optional<Item> item;
  if (!call.Single(0, item)) return false;
  if (!item) return true;
  value = ToDecimal(*item);
  return value.has_value() || call.Fail("a number expected");
}

bool Log(const Call& call) {
  std::optional<Decimal> base;
  if (!NumberArgument(call, base)) return false;
  return WithNumber(call, [&](Decimal number) {
    return !base || PushDouble(call, std::log(number.ToDouble()) / std::log(base->ToDouble()));
  });
}

bool Power(const Call& call) {
  std::optional<Decimal> exponent;
  if (!NumberArgument(call, exponent)) return false;
  return WithNumber(call, [&](Decimal number) {
    if (!exponent) return true;
    const double power = std::pow(number.ToDouble(), exponent->ToDouble());
    const auto decimal = Decimal::FromDouble(power);
    if (!decimal) return true;
    const auto integer = decimal->ToInteger();
    const auto item = integer ? IntegerItem(*integer) : std::nullopt;
    const bool whole = number.scale() == 0 && exponent->scale() == 0;
    return call.Push(whole && item ? *item : Item(*decimal));
  });
}

bool Round(const Call& call) {
  std::optional<std::int64_t> digits = 0;
  if (call.arg_count() > 0 && !call.Integer(0, digits)) return false;
  return WithNumber(call, [&](Decimal number) {
    if (!digits) return true;
    if (*digits < 0 || *digits > kMaxScale) return call.Fail("a precision of 0 to 28 expected");
    if (number.scale() <= *digits) return call.Push(Item(number));
    return call.Push(
        Item(*number.WithScale(static_cast<int>(*digits), Decimal::Rounding::kHalfUp)));
  });
}

// The boundary of a decimal known to its scale: half a unit of the last digit away. Towards zero
// the digits behind the precision are dropped, away from zero they are rounded.
std::optional<Decimal> DecimalBoundary(Decimal value, bool high, int scale) {
  if (scale < 0 || scale > kMaxScale || value.scale() >= kMaxScale) return std::nullopt;
  if (value.is_negative()) {
    const auto mirrored = DecimalBoundary(-value, !high, scale);
    return mirrored ? std::optional(-*mirrored) : std::nullopt;
  }
  const auto five = *Decimal::Parse("0.5");
  auto half = five;
  for (int i = 0; i < value.scale(); ++i) half = *Decimal::Multiply(half, *Decimal::Parse("0.1"));
  const auto edge = Decimal::Add(value, high ? half : -half);
  if (!edge) return std::nullopt;
  return edge->WithScale(scale, high              ? Decimal::Rounding::kHalfUp
                                : value.is_zero() ? Decimal::Rounding::kHalfUp
                                                  : Decimal::Rounding::kDown);
}

bool Boundary(const Call& call, bool high) {
  std::optional<Item> item;
  std::optional<std::int64_t> digits;
  if (!call.Input(item)) return false;
  if (call.arg_count() > 0 && !call.Integer(0, digits)) return false;
  if (!item) return true;
  if (digits && (*digits < 0 || *digits > kMaxScale)) return true;
  const auto precision = digits ? std::optional(static_cast<int>(*digits)) : std::nullopt;
  if (const auto* temporal = item->As<Temporal>()) {
    const auto edge = temporal->Boundary(high, precision);
    return !edge || call.Push(Item(*edge));
  }
  if (const auto number = ToDecimal(*item)) {
    const auto edge = DecimalBoundary(*number, high, precision.value_or(8));
    return !edge || call.Push(Item(*edge));
  }
  if (const auto* quantity = item->As<Quantity>()) {
    const auto edge = DecimalBoundary(quantity->value, high, precision.value_or(8));
    return !edge || call.Push(Item(Quantity{*edge, quantity->unit, quantity->calendar}));
  }
  return call.Fail("called on an item without a precision");
}
bool LowBoundary(const Call& call) { return Boundary(call, /*high=*/false); }
bool HighBoundary(const Call& call) { return Boundary(call, /*high=*/true); }

bool PrecisionCall(const Call& call) {
  std::optional<Item> item;
  if (!call.Input(item)) return false;
  if (!item) return true;
  if (const auto* temporal = item->As<Temporal>()) {
    return call.Push(Item(std::int64_t{temporal->PrecisionDigits()}));
  }
  const auto number = ToDecimal(*item);
  if (!number) return call.Fail("called on an item without a precision");
  return call.Push(Item(std::int64_t{number->scale()}));
}

bool ComparableCall(const Call& call) {
  std::optional<Item> item;
  std::optional<Item> other;
  if (!call.Input(item) || !call.Single(0, other)) return false;
  if (!item || !other) return true;
  const auto left = ToQuantity(*item);
  const auto right = ToQuantity(*other);
  if (!left || !right) return call.Fail("called on an item that is no quantity");
  return call.Push(Item(Comparable(*left, *right)));
}

enum class Extreme { kMin, kMax };
bool FindExtreme(const Call& call, Extreme extreme) {
  const Item* best = nullptr;
  for (const Item& item : call.input) {
    if (best == nullptr) {
      best = &item;
      continue;
    }
    const OrderResult result = Order(item, *best);
    if (!result.comparable) return call.Fail("items without an order between them");
    if (!result.order) return true;
    if (extreme == Extreme::kMin ? *result.order < 0 : *result.order > 0) best = &item;
  }
  return best == nullptr || call.Push(*best);
}
bool Min(const Call& call) { return FindExtreme(call, Extreme::kMin); }
bool Max(const Call& call) { return FindExtreme(call, Extreme::kMax); }

bool SumUp(const Call& call, bool average) {
  std::optional<Decimal> sum = Decimal(0);
  bool whole = !average;
  for (const Item& item : call.input) {
    const Item system = ToSystem(item);
    const auto number = ToDecimal(system);
    if (!number) return call.Fail("called on an item that is no number");
    whole = whole && system.kind() == ItemKind::kInteger;
    sum = sum ? Decimal::Add(*sum, *number) : sum;
  }
  if (average && sum && !call.input.empty()) {
    sum = Decimal::Divide(*sum, static_cast<std::int64_t>(call.input.size()));
  }
  if (!sum || call.input.empty()) return true;
  if (!whole) return call.Push(Item(*sum));
  const auto integer = sum->ToInteger();
  const auto item = integer ? IntegerItem(*integer) : std::nullopt;
  return !item || call.Push(*item);
}
bool Sum(const Call& call) { return SumUp(call, /*average=*/false); }
bool Avg(const Call& call) { return SumUp(call, /*average=*/true); }

constexpr Function kFunctions[] = {
    {"abs", 0, 0, Abs},
    {"ceiling", 0, 0, ToWhole<Decimal::Rounding::kCeiling>},
    {"floor", 0, 0, ToWhole<Decimal::Rounding::kFloor>},
    {"truncate", 0, 0, ToWhole<Decimal::Rounding::kDown>},
    {"exp", 0, 0, Apply<Exp>},
    {"ln", 0, 0, Apply<Ln>},
    {"sqrt", 0, 0, Apply<Sqrt>},
    {"log", 1, 1, Log},
    {"power", 1, 1, Power},
    {"round", 0, 1, Round},
    {"lowBoundary", 0, 1, LowBoundary},
    {"highBoundary", 0, 1, HighBoundary},
    {"precision", 0, 0, PrecisionCall},
    {"comparable", 1, 1, ComparableCall},
    {"min", 0, 0, Min},
    {"max", 0, 0, Max},
    {"sum", 0, 0, Sum},
    {"avg", 0, 0, Avg},
};

}  // namespace

std::span<const Function> MathFunctions() { return kFunctions; }

}  // namespace strata::fhirpath
