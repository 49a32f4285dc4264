#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace strata::gateway {

// Counters of the HTTP gateway, in Prometheus text. Thread-safe.
class HttpMetrics final {
 public:
  void Answered(int status, std::chrono::microseconds duration, std::uint64_t bytes_out);

  std::atomic<std::int64_t> connections{0};
  std::atomic<std::int64_t> in_flight{0};
  std::atomic<std::int64_t> blocked_on_peers{0};
  std::atomic<std::uint64_t> connections_refused{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::uint64_t> bytes_received{0};

  // Text exposition format 0.0.4. `waiting`: requests in the queue.
  void AppendText(std::size_t waiting, std::string* out) const;

 private:
  static constexpr std::array<std::int64_t, 12> kBucketsUs = {
      100, 250, 500, 1000, 2500, 5000, 10'000, 25'000, 100'000, 500'000, 2'000'000, 10'000'000};

  std::array<std::atomic<std::uint64_t>, 6> by_class_{};  // index = status / 100
  std::array<std::atomic<std::uint64_t>, kBucketsUs.size() + 1> buckets_{};
  std::atomic<std::uint64_t> duration_us_{0};
  std::atomic<std::uint64_t> bytes_sent_{0};
};

}  // namespace strata::gateway
