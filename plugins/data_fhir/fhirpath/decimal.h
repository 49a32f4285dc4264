#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strata::fhirpath {

__extension__ typedef __int128 Int128;

// A decimal number with its scale: 1.10 keeps two digits behind the point. Up to 28 significant
// digits (FHIRPath asks for 28 digits, 8 of them behind the point). Operations answer nullopt when
// the result does not fit. A value type; thread-compatible.
class Decimal {
 public:
  constexpr Decimal() = default;
  constexpr Decimal(std::int64_t value)
      : coefficient_(value) {}  // NOLINT(google-explicit-constructor)

  // "-12.50", "1e3" as JSON writes numbers; nullopt for anything else or beyond 28 digits.
  static std::optional<Decimal> Parse(std::string_view text);
  static std::optional<Decimal> FromDouble(double value);  // 15 significant digits.

  std::string ToString() const;
  double ToDouble() const;
  std::optional<std::int64_t> ToInteger() const;  // Only when there is no fraction.

  int scale() const { return scale_; }
  bool is_zero() const { return coefficient_ == 0; }
  bool is_negative() const { return coefficient_ < 0; }

  Decimal operator-() const { return Decimal(-coefficient_, scale_); }
  static std::optional<Decimal> Add(Decimal a, Decimal b);
  static std::optional<Decimal> Multiply(Decimal a, Decimal b);
  // At least 8 digits behind the point, zeros at the end dropped; nullopt when b is 0.
  static std::optional<Decimal> Divide(Decimal a, Decimal b);
  // Negative, 0 or positive as a is less than, equal to or greater than b.
  static int Compare(Decimal a, Decimal b);
  bool operator==(const Decimal& other) const { return Compare(*this, other) == 0; }

  enum class Rounding { kHalfUp, kDown, kFloor, kCeiling };  // kDown: towards 0.
  // The number with exactly `scale` (0 to 28) digits behind the point.
  std::optional<Decimal> WithScale(int scale, Rounding rounding) const;
  Decimal Integral(Rounding rounding) const { return *WithScale(0, rounding); }

 private:
  constexpr Decimal(Int128 coefficient, int scale) : coefficient_(coefficient), scale_(scale) {}
  static std::optional<Decimal> Fit(Int128 coefficient, int scale);
  Decimal Trimmed(int min_scale) const;

  Int128 coefficient_ = 0;
  int scale_ = 0;
};

}  // namespace strata::fhirpath
