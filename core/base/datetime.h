#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Dates as HTTP and FHIR write them. Time points are microseconds since 1970-01-01 UTC. Pure
// functions over untrusted text; thread-safe.
namespace strata::web {

// How much of a date was written. FHIR R4 datatypes.html#dateTime.
enum class Precision { kYear, kMonth, kDay, kMinute, kSecond };

// A FHIR date, dateTime or instant: the parts as written and the time that they cover. Without an
// offset the time is taken as UTC.
struct DateTime {
  Precision precision = Precision::kYear;
  int year = 0;
  unsigned month = 0;  // 0 when not written, so are the others
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  bool has_offset = false;
  int offset_minutes = 0;
  std::int64_t begin_us = 0;  // inclusive
  std::int64_t end_us = 0;    // exclusive
};

// "2011", "2011-09", "2011-09-24", "2011-09-24T06:52:56.292+02:00" (seconds may be missing);
// nothing for anything else, and for days that no calendar has.
std::optional<DateTime> ParseDateTime(std::string_view text);

// "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 section 5.6.7).
void AppendHttpDate(std::int64_t us, std::string* out);
// The three forms that RFC 9110 asks recipients to accept are reduced to the one that is still
// sent: IMF-fixdate. Nothing for anything else (the header is then ignored, as the RFC says).
std::optional<std::int64_t> ParseHttpDate(std::string_view text);

// "1994-11-06T08:49:37.123Z"; FHIR R4 datatypes.html#instant.
void AppendInstant(std::int64_t us, std::string* out);

}  // namespace strata::web
