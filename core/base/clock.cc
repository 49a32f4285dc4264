#include "core/base/clock.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>

#include "core/base/digits.h"

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
  const std::int64_t seconds =
      std::clamp((wall_us - micros) / 1'000'000, kFirstSecond, kLastSecond);
  TimestampText out{};
  char* at = PutDateTime(out.text, std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  *at++ = '.';
  at = PutDigits(at, 6, static_cast<std::uint64_t>(micros));
  *at = 'Z';
  return out;
}

}  // namespace strata::base
