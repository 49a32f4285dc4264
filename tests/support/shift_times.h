#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>

namespace strata::testing {

// Moves every time of day in a JSON text ("...T10:20:30...") to so many seconds later, within its
// day: order and equality of the times stay, but for those that reach the day's last second.
inline void ShiftTimes(int seconds, std::string* text) {
  constexpr std::size_t kBytes = 9;  // T10:20:30
  constexpr int kLast = 86'399;
  if (seconds == 0) return;
  const auto number = [&](std::size_t at) {
    const char tens = (*text)[at];
    const char ones = (*text)[at + 1];
    const bool digits = tens >= '0' && tens <= '9' && ones >= '0' && ones <= '9';
    return digits ? (tens - '0') * 10 + (ones - '0') : -1;
  };
  for (std::size_t at = text->find('T'); at != std::string::npos; at = text->find('T', at + 1)) {
    if (at < 3 || at + kBytes > text->size()) continue;
    if ((*text)[at - 3] != '-' || (*text)[at + 3] != ':' || (*text)[at + 6] != ':') continue;
    const int hour = number(at + 1);
    const int minute = number(at + 4);
    const int second = number(at + 7);
    if (hour < 0 || minute < 0 || second < 0) continue;
    const int moved = std::min(hour * 3600 + minute * 60 + second + seconds, kLast);
    char digits[16];
    std::snprintf(digits, sizeof(digits), "%02d:%02d:%02d", moved / 3600, moved / 60 % 60,
                  moved % 60);
    text->replace(at + 1, kBytes - 1, digits);
  }
}

}  // namespace strata::testing
