#include "plugins/data_fhir/fhirpath/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace strata::fhirpath {
namespace {

constexpr int kMaxDigits = 28;

// 10^0 to 10^37: the powers that fit.
constexpr std::array<Int128, 38> kPowers = [] {
  std::array<Int128, 38> powers{};
  Int128 power = 1;
  for (Int128& p : powers) {
    p = power;
    power *= 10;
  }
  return powers;
}();

constexpr Int128 Abs(Int128 value) { return value < 0 ? -value : value; }

int Digits(Int128 value) {
  value = Abs(value);
  int digits = 1;
  while (digits < 38 && value >= kPowers[static_cast<std::size_t>(digits)]) ++digits;
  return digits;
}

Int128 Power(int exponent) { return kPowers[static_cast<std::size_t>(exponent)]; }

Int128 DivideRounded(Int128 value, Int128 by, Decimal::Rounding rounding) {
  const Int128 quotient = value / by;
  const Int128 remainder = value % by;
  if (remainder == 0) return quotient;
  const bool negative = (value < 0) != (by < 0);
  switch (rounding) {
    case Decimal::Rounding::kDown:
      return quotient;
    case Decimal::Rounding::kFloor:
      return negative ? quotient - 1 : quotient;
    case Decimal::Rounding::kCeiling:
      return negative ? quotient : quotient + 1;
    case Decimal::Rounding::kHalfUp:
      break;
  }
  const bool away = Abs(remainder) >= Abs(by) - Abs(remainder);
  return !away ? quotient : negative ? quotient - 1 : quotient + 1;
}

}  // namespace

// Digits beyond the 28th are rounded away while they stand behind the point.
std::optional<Decimal> Decimal::Fit(Int128 coefficient, int scale) {
  const int excess = std::max(Digits(coefficient) - kMaxDigits, scale - kMaxDigits);
  if (excess > 0) {
    if (excess > scale) return std::nullopt;
    coefficient = excess >= 38 ? 0 : DivideRounded(coefficient, Power(excess), Rounding::kHalfUp);
    scale -= excess;
  }
  return Decimal(coefficient, scale);
}

Decimal Decimal::Trimmed(int min_scale) const {
  Decimal out = *this;
  while (out.scale_ > min_scale && out.coefficient_ % 10 == 0) {
    out.coefficient_ /= 10;
    --out.scale_;
  }
  return out;
}

std::optional<Decimal> Decimal::Parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Int128 value = 0;
  int scale = 0;
  int digits = 0;
  bool point = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !point && i > 0) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    if (value != 0 || c != '0') ++digits;
    if (digits > kMaxDigits) return std::nullopt;
    value = value * 10 + (c - '0');
    scale += point ? 1 : 0;
  }
  if (i == 0 || text[i - 1] == '.') return std::nullopt;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    text.remove_prefix(i + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (exponent > 60 || exponent < -60) return std::nullopt;
    scale -= exponent;
  }
  if (scale < 0) {
    if (digits - scale > kMaxDigits) return std::nullopt;
    value *= Power(-scale);
    scale = 0;
  }
  return Fit(negative ? -value : value, scale);
}

std::optional<Decimal> Decimal::FromDouble(double value) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e28) return std::nullopt;
  std::array<char, 64> buffer{};
  const int n = std::snprintf(buffer.data(), buffer.size(), "%.15g", value);
  return Parse({buffer.data(), static_cast<std::size_t>(n)});
}

std::string Decimal::ToString() const {
  std::string digits;
  for (Int128 rest = Abs(coefficient_);
       rest != 0 || digits.size() <= static_cast<std::size_t>(scale_); rest /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    if (static_cast<int>(digits.size()) == scale_) digits.push_back('.');
  }
  if (digits.back() == '.') digits.push_back('0');
  if (coefficient_ < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

double Decimal::ToDouble() const {
  return static_cast<double>(coefficient_) / static_cast<double>(Power(scale_));
}

std::optional<std::int64_t> Decimal::ToInteger() const {
  const Decimal trimmed = Trimmed(0);
  if (trimmed.scale_ != 0 || Abs(trimmed.coefficient_) > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(trimmed.coefficient_);
}

std::optional<Decimal> Decimal::Add(Decimal a, Decimal b) {
  if (a.scale_ > b.scale_) std::swap(a, b);
  const int shift = b.scale_ - a.scale_;
  const int room = 37 - Digits(a.coefficient_);
  if (shift <= room) return Fit(a.coefficient_ * Power(shift) + b.coefficient_, b.scale_);
  const Int128 fine = DivideRounded(b.coefficient_, Power(shift - room), Rounding::kHalfUp);
  return Fit(a.coefficient_ * Power(room) + fine, a.scale_ + room);
}

std::optional<Decimal> Decimal::Multiply(Decimal a, Decimal b) {
  const int scale = a.scale_ + b.scale_;
  int excess = Digits(a.coefficient_) + Digits(b.coefficient_) - 37;
  if (excess <= 0) return Fit(a.coefficient_ * b.coefficient_, scale);
  // Too long for exact arithmetic: the longer factor loses its last digits.
  Decimal& longer = Digits(a.coefficient_) > Digits(b.coefficient_) ? a : b;
  if (excess > scale || excess >= Digits(longer.coefficient_)) return std::nullopt;
  longer.coefficient_ = DivideRounded(longer.coefficient_, Power(excess), Rounding::kHalfUp);
  return Fit(a.coefficient_ * b.coefficient_, scale - excess);
}

std::optional<Decimal> Decimal::Divide(Decimal a, Decimal b) {
  constexpr int kScale = 8;
  if (b.coefficient_ == 0) return std::nullopt;
  const int shift = kScale + b.scale_ - a.scale_;
  if (shift >= 0 && Digits(a.coefficient_) + shift <= 37) {
    const auto quotient = Fit(
        DivideRounded(a.coefficient_ * Power(shift), b.coefficient_, Rounding::kHalfUp), kScale);
    if (!quotient) return std::nullopt;
    return quotient->Trimmed(0);
  }
  const auto quotient = FromDouble(a.ToDouble() / b.ToDouble());
  if (!quotient) return std::nullopt;
  return quotient->Trimmed(0);
}

int Decimal::Compare(Decimal a, Decimal b) {
  a = a.Trimmed(0);
  b = b.Trimmed(0);
  const int shift = a.scale_ - b.scale_;
  Decimal& coarse = shift > 0 ? b : a;
  if (Digits(coarse.coefficient_) + std::abs(shift) <= 37) {
    coarse.coefficient_ *= Power(std::abs(shift));
    return a.coefficient_ < b.coefficient_ ? -1 : a.coefficient_ > b.coefficient_ ? 1 : 0;
  }
  // The scaled one has more digits than any other: its sign decides.
  const int sign = coarse.coefficient_ < 0 ? -1 : 1;
  return &coarse == &a ? sign : -sign;
}

std::optional<Decimal> Decimal::WithScale(int scale, Rounding rounding) const {
  if (scale < 0 || scale > kMaxDigits) return std::nullopt;
  if (scale <= scale_) {
    return Decimal(DivideRounded(coefficient_, Power(scale_ - scale), rounding), scale);
  }
  if (Digits(coefficient_) + scale - scale_ > 37) return std::nullopt;
  return Decimal(coefficient_ * Power(scale - scale_), scale);
}

}  // namespace strata::fhirpath
