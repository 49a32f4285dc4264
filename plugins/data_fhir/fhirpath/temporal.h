#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/data_fhir/fhirpath/decimal.h"

namespace strata::fhirpath {

enum class TemporalKind : std::uint8_t { kDate, kDateTime, kTime };

// How far a date or time is known. Fractions of a second are part of the second (FHIRPath
// #datetime-equality), the digits are kept for printing.
enum class Precision : std::uint8_t { kYear = 1, kMonth, kDay, kHour, kMinute, kSecond };

// Units of date arithmetic. Definite ones are those that every calendar agrees on.
enum class TimeUnit : std::uint8_t {
  kYear,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
};
// "year", "years" ... ; nullopt for anything else.
std::optional<TimeUnit> CalendarUnit(std::string_view name);
// "wk", "d", "h", "min", "s", "ms": the UCUM units equal to a calendar unit; nullopt for the rest.
std::optional<TimeUnit> DefiniteUcumUnit(std::string_view code);

// A Date, DateTime or Time with partial precision. A value type; thread-compatible.
struct Temporal {
  TemporalKind kind = TemporalKind::kDate;
  Precision precision = Precision::kYear;
  std::uint8_t month = 1;
  std::uint8_t day = 1;
  std::int16_t year = 1;
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;
  std::uint8_t fraction_digits = 0;
  bool has_zone = false;
  std::int16_t zone_minutes = 0;
  std::uint32_t nanos = 0;

  // "2014-01", "2014-01-05", for kDateTime also "2014-01-05T10:30:00.5+01:00", "2014T"; for kTime
  // "10:30". nullopt when the text is malformed or no such day or time exists.
  static std::optional<Temporal> Parse(TemporalKind kind, std::string_view text);
  std::string ToString() const;  // Without the @ and T of a literal.

  // -1, 0, 1; nullopt when the precision, or a zone only one side has, leaves it open.
  static std::optional<int> Compare(const Temporal& a, const Temporal& b);
  static bool Equivalent(const Temporal& a, const Temporal& b);

  // Whole units are added, fractions dropped; the day is clipped to the length of the month.
  // nullopt when the result is outside the years 1 to 9999.
  std::optional<Temporal> Plus(std::int64_t amount, TimeUnit unit) const;

  // Digits of the precision: 4 year, 6 month, 8 day, 10 hour, 12 minute, 14 second, 17 millisecond;
  // times count from the hour: 2, 4, 6, 9 (FHIRPath #precision).
  int PrecisionDigits() const;
  // The earliest or latest moment this value may mean, with that many digits; nullopt for a number
  // of digits that is no precision of this kind.
  std::optional<Temporal> Boundary(bool high, std::optional<int> digits) const;
};

}  // namespace strata::fhirpath
