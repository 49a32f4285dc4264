#include "core/base/clock.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace strata::base {
namespace {

std::int64_t ReadNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Years outside 0..9999 would not fit RFC 3339.
constexpr std::int64_t kFirstSecond = -62'167'219'200;
constexpr std::int64_t kLastSecond = 253'402'300'799;

}  // namespace

std::int64_t SystemClock::WallUs() const { return ReadNs(CLOCK_REALTIME) / 1000; }
std::int64_t SystemClock::MonotonicNs() const { return ReadNs(CLOCK_MONOTONIC); }

TimestampText FormatTimestamp(std::int64_t wall_us) {
  std::int64_t micros = wall_us % 1'000'000;
  if (micros < 0) micros += 1'000'000;
  const time_t seconds = std::clamp((wall_us - micros) / 1'000'000, kFirstSecond, kLastSecond);
  tm parts{};
  gmtime_r(&seconds, &parts);
  TimestampText out{};
  const std::size_t used = strftime(out.text, sizeof out.text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out.text + used, sizeof out.text - used, ".%06dZ", static_cast<int>(micros));
  return out;
}

}  // namespace strata::base
