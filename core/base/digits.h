#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace strata::base {

// Writes the last `width` decimal digits of a number, zeros first. Returns where they end.
inline char* PutDigits(char* at, int width, std::uint64_t number) {
  for (int i = width; i-- > 0; number /= 10) at[i] = static_cast<char>('0' + number % 10);
  return at + width;
}

// "hh:mm:ss".
inline char* PutTimeOfDay(char* at, std::uint64_t seconds) {
  at = PutDigits(at, 2, seconds / 3600);
  *at++ = ':';
  at = PutDigits(at, 2, seconds / 60 % 60);
  *at++ = ':';
  return PutDigits(at, 2, seconds % 60);
}

// "yyyy-mm-ddThh:mm:ss" of an instant of the years 0 to 9999 (RFC 3339).
inline char* PutDateTime(char* at, std::chrono::sys_seconds instant) {
  const auto midnight = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(midnight);
  at = PutDigits(at, 4, static_cast<std::uint64_t>(static_cast<int>(date.year())));
  *at++ = '-';
  at = PutDigits(at, 2, static_cast<unsigned>(date.month()));
  *at++ = '-';
  at = PutDigits(at, 2, static_cast<unsigned>(date.day()));
  *at++ = 'T';
  return PutTimeOfDay(at, static_cast<std::uint64_t>((instant - midnight).count()));
}

inline char* PutText(char* at, std::string_view text) { return at + text.copy(at, text.size()); }

}  // namespace strata::base
