#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/data_fhir/index/prefix.h"

// Dates as spans of time: a date of any precision is the time it may stand for (FHIR R4
// search.html#date). Thread-safe.
namespace strata::fhir::index {

// [low, high) in microseconds since 1970 UTC.
struct DateRange {
  static constexpr std::int64_t kNoLow = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kNoHigh = std::numeric_limits<std::int64_t>::max();

  std::int64_t low = kNoLow;
  std::int64_t high = kNoHigh;

  bool operator==(const DateRange&) const = default;
};

// 2020, 2020-05, 2020-05-17, 2020-05-17T10:30, ...:45, ...:45.125, each time with Z or an offset;
// without one it is UTC. A space in place of the offset's plus is accepted: that is what an
// unescaped plus in a URL becomes. nullopt: not a date, or a day that does not exist.
std::optional<DateRange> ParseDate(std::string_view text);

// Whether a resource's date matches a search for `prefix` and `searched`. kAp needs a widened
// `searched` (see Approximate) and then matches every overlap.
bool DateMatches(Prefix prefix, const DateRange& searched, const DateRange& value);

// The range a search with prefix ap looks for: 10 % of the distance between now and the date more
// on either side (R4 search.html#prefix).
DateRange Approximate(const DateRange& searched, std::int64_t now_us);

// Stored form: byte order is order by class, low, high. Stored: never change.
//   class 0: exactly one second; 5 bytes seconds since year -5000 or so (2^39 before 1970)
//   class 1..5: low and high, 8 bytes each, for durations up to a day, 32 days, 366 days, 4,000
//   days and longer; class 6: no high (8 bytes low); class 7: no low (8 bytes high)
enum class DateClass : std::uint8_t {
  kSecond = 0,
  kDay = 1,
  kMonth = 2,
  kYear = 3,
  kDecade = 4,
  kLonger = 5,
  kNoHigh = 6,
  kNoLow = 7,
};
inline constexpr int kDateClasses = 8;

DateClass ClassOf(const DateRange& range);
// Longest duration in a class; 0 where that has no meaning (kLonger and open ends).
std::int64_t MaxDuration(DateClass date_class);
void AppendDate(const DateRange& range, std::string* out);
// Takes a date from the front of `*bytes`; nullopt when there is none.
std::optional<DateRange> TakeDate(std::string_view* bytes);
// The first bytes of all dates of a class with that low end (high end for kNoLow): where a scan
// begins.
std::string DateScanStart(DateClass date_class, std::int64_t low);

}  // namespace strata::fhir::index
