#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace strata::base {

// Where time comes from, so that tests need not wait. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall clock: microseconds since 1970 UTC. May jump.
  virtual std::int64_t WallUs() const = 0;
  // CLOCK_MONOTONIC in nanoseconds: never goes back; what deadlines and durations count in.
  virtual std::int64_t MonotonicNs() const = 0;

  std::int64_t MonotonicUs() const { return MonotonicNs() / 1000; }
};

// The system's clocks.
class SystemClock final : public Clock {
 public:
  std::int64_t WallUs() const override;
  std::int64_t MonotonicNs() const override;
};

// Stands still until told to move. Starts at 2026-11-21T00:00:00Z.
class FakeClock final : public Clock {
 public:
  std::int64_t WallUs() const override { return wall_us_.load(); }
  std::int64_t MonotonicNs() const override { return monotonic_ns_.load(); }

  void Advance(std::chrono::nanoseconds by) {
    monotonic_ns_ += by.count();
    wall_us_ += by.count() / 1000;
  }

 private:
  std::atomic<std::int64_t> wall_us_{1'795'219'200'000'000};
  std::atomic<std::int64_t> monotonic_ns_{1'000'000'000};
};

// "2026-11-21T09:30:00.123456Z" (RFC 3339, UTC).
struct TimestampText {
  char text[28];
};
TimestampText FormatTimestamp(std::int64_t wall_us);

}  // namespace strata::base
