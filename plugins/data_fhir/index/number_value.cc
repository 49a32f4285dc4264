#include "plugins/data_fhir/index/number_value.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::index {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMaxDigits = 16;
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

// A decimal taken apart: mantissa * 10^exponent.
struct Decimal {
  std::int64_t mantissa = 0;
  int exponent = 0;
  bool scientific = false;  // written with an exponent and without a fraction: 1e2
};

std::size_t CountDigits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return n;
}

std::optional<int> TakeExponent(std::string_view text) {
  if (text.empty() || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (std::abs(exponent) > 400) return std::nullopt;
  return exponent;
}

std::optional<Decimal> TakeApart(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string digits(text.substr(0, CountDigits(text)));
  text.remove_prefix(digits.size());
  if (digits.empty()) return std::nullopt;
  Decimal decimal;
  const bool fraction = text.starts_with('.');
  if (fraction) {
    text.remove_prefix(1);
    const std::size_t n = CountDigits(text);
    if (n == 0) return std::nullopt;
    digits.append(text.substr(0, n));
    text.remove_prefix(n);
    decimal.exponent = -static_cast<int>(n);
  }
  if (!text.empty()) {
    const std::optional<int> exponent = TakeExponent(text);
    if (!exponent) return std::nullopt;
    decimal.exponent += *exponent;
    decimal.scientific = !fraction;
  }
  // More digits than a double holds: the range is narrower than doubles are apart.
  const std::size_t zeros = digits.find_first_not_of('0');
  digits.erase(0, zeros == std::string::npos ? digits.size() - 1 : zeros);
  while (digits.size() > kMaxDigits) {
    digits.pop_back();
    ++decimal.exponent;
  }
  std::from_chars(digits.data(), digits.data() + digits.size(), decimal.mantissa);
  if (negative) decimal.mantissa = -decimal.mantissa;
  return decimal;
}

// The double nearest to mantissa * 10^exponent.
double Nearest(std::int64_t mantissa, int exponent) {
  const std::string text = std::to_string(mantissa) + "e" + std::to_string(exponent);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range && exponent > 0) {
    return mantissa < 0 ? -kInfinity : kInfinity;
  }
  return value;
}

}  // namespace

std::optional<double> ParseNumber(std::string_view lexeme) {
  if (lexeme.starts_with('+')) lexeme.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(lexeme.data(), lexeme.data() + lexeme.size(), value);
  if (error != std::errc() || end != lexeme.data() + lexeme.size()) return std::nullopt;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<NumberRange> ParseNumberRange(std::string_view lexeme) {
  const std::optional<Decimal> decimal = TakeApart(lexeme);
  const std::optional<double> value = ParseNumber(lexeme);
  if (!decimal || !value) return std::nullopt;
  // Half a unit of the last digit; R4's example takes a twentieth for 1e2.
  const int places = decimal->scientific ? 2 : 1;
  const std::int64_t scaled = decimal->mantissa * (places == 2 ? 100 : 10);
  const int exponent = decimal->exponent - places;
  return NumberRange{*value, std::min(*value, Nearest(scaled - 5, exponent)),
                     std::max(std::nextafter(*value, kInfinity), Nearest(scaled + 5, exponent))};
}

std::optional<NumberBounds> BoundsOf(Prefix prefix, const NumberRange& searched) {
  const auto below = [](double x) { return std::nextafter(x, -kInfinity); };
  const auto above = [](double x) { return std::nextafter(x, kInfinity); };
  switch (prefix) {
    case Prefix::kEq:
      return NumberBounds{searched.low, below(searched.high)};
    case Prefix::kNe:
      return std::nullopt;
    case Prefix::kGt:
      return NumberBounds{above(searched.value), kInfinity};
    case Prefix::kLt:
      return NumberBounds{-kInfinity, below(searched.value)};
    case Prefix::kGe:
      return NumberBounds{searched.value, kInfinity};
    case Prefix::kLe:
      return NumberBounds{-kInfinity, searched.value};
    case Prefix::kSa:
      return NumberBounds{searched.high, kInfinity};
    case Prefix::kEb:
      return NumberBounds{-kInfinity, below(searched.low)};
    case Prefix::kAp: {
      const double tenth = std::abs(searched.value) / 10;
      return NumberBounds{searched.value - tenth, searched.value + tenth};
    }
  }
  return std::nullopt;
}

bool NumberMatches(Prefix prefix, const NumberRange& searched, double value) {
  if (prefix == Prefix::kNe) return !NumberMatches(Prefix::kEq, searched, value);
  const std::optional<NumberBounds> bounds = BoundsOf(prefix, searched);
  return bounds && bounds->low <= value && value <= bounds->high;
}

bool IntervalMatches(Prefix prefix, const NumberRange& searched, double low, double high) {
  const bool within = searched.low <= low && high < searched.high;
  switch (prefix) {
    case Prefix::kEq:
      return within;
    case Prefix::kNe:
      return !within;
    case Prefix::kGt:
      return high > searched.value;
    case Prefix::kLt:
      return low < searched.value;
    case Prefix::kGe:
      return high >= searched.value;
    case Prefix::kLe:
      return low <= searched.value;
    case Prefix::kSa:
      return low >= searched.high;
    case Prefix::kEb:
      return high < searched.low;
    case Prefix::kAp: {
      const double tenth = std::abs(searched.value) / 10;
      return low <= searched.value + tenth && searched.value - tenth <= high;
    }
  }
  return false;
}

void AppendNumber(double value, std::string* out) {
  if (value == 0) value = 0;  // One zero.
  const auto bits = std::bit_cast<std::uint64_t>(value);
  layout::AppendBigEndian((bits & kSignBit) != 0 ? ~bits : bits | kSignBit, 8, out);
}

std::optional<double> TakeNumber(std::string_view* bytes) {
  if (bytes->size() < 8) return std::nullopt;
  const std::uint64_t ordered = layout::ReadBigEndian(*bytes, 8);
  bytes->remove_prefix(8);
  return std::bit_cast<double>((ordered & kSignBit) != 0 ? ordered & ~kSignBit : ~ordered);
}

}  // namespace strata::fhir::index
