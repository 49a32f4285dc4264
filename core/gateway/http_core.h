#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/gateway/exchange_codec.h"
#include "core/gateway/http_answer.h"
#include "core/gateway/http_connection.h"
#include "core/gateway/http_metrics.h"
#include "core/gateway/http_options.h"
#include "core/gateway/http_queue.h"
#include "core/host/ingress.h"

namespace strata::gateway {

// One of a limited number of places; given back at the end of the scope. Thread-compatible.
class Permit final {
 public:
  Permit() = default;
  ~Permit() {
    if (used_ != nullptr) used_->fetch_sub(1);  // Before a look at the queue: sequential.
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;

  // False: all places are taken.
  bool TryTake(std::atomic<std::int64_t>* used, int limit) {
    if (used_ != nullptr) return true;
    if (used->fetch_add(1, std::memory_order_acq_rel) >= limit) {
      used->fetch_sub(1, std::memory_order_acq_rel);
      return false;
    }
    used_ = used;
    return true;
  }

 private:
  std::atomic<std::int64_t>* used_ = nullptr;
};

// What all threads of one HTTP gateway share. Thread-safe.
struct HttpCore {
  HttpCore(HttpOptions http_options, host::Ingress* host);

  void Record(const AccessRecord& record) {
    metrics.Answered(record.status, record.duration, record.bytes_out);
    if (options.access_log) options.access_log(record);
  }

  // Requests of a slot's service that are still to be taken for waiting (HttpWorker::Learn).
  std::atomic<int>& WaitsSeen(std::string_view slot) {
    return waits_seen[std::hash<std::string_view>()(slot) % waits_seen.size()];
  }

  // When a peer that began at `since_us` and has moved that many bytes is too slow.
  std::int64_t RateLimitUs(std::int64_t since_us, std::uint64_t moved) const {
    const std::int64_t grace_us = options.transfer_grace.count() * 1000;
    return since_us + grace_us +
           static_cast<std::int64_t>(moved * 1'000'000 / options.min_rate_bytes_per_second);
  }

  const HttpOptions options;
  host::Ingress& ingress;
  HttpMetrics metrics;
  HttpConnectionTable table;
  HttpQueue queue;
  std::atomic<bool> stopping{false};
  std::array<std::atomic<int>, 64> waits_seen{};  // by slot
  std::atomic<std::uint64_t> last_request{0};
  const std::string request_prefix;  // different in each process
};

// What of the request body is there, and where the rest comes from.
struct ExchangeBody {
  std::string_view ready;      // decoded
  bool complete = true;        // nothing follows
  std::string_view undecoded;  // received after `ready`, for the connection's decoder
};

// Buffers of one thread, used again for every request.
struct HttpScratch {
  static constexpr std::size_t kInput = 64 * 1024;
  char* Input() {
    if (!input) input = std::make_unique_for_overwrite<char[]>(kInput);
    return input.get();
  }
  // The encoded menu of the pinned generation.
  std::string_view Menu(const host::Pin& pin);

  std::unique_ptr<char[]> input;
  RequestHead head;
  ResponsePart part;
  std::string message;
  std::string encoded_head;
  std::string answer;
  std::string auth;
  std::string request_id;
  std::string menu;
  std::uint64_t menu_generation = ~std::uint64_t{0};
  DateCache date;
};

}  // namespace strata::gateway
