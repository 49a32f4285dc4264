#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/gateway/http_head.h"

namespace strata::gateway {

// One answered request, for the access log. Views are valid during the call only. Holds neither
// path nor query: both may carry a patient's data.
struct AccessRecord {
  std::string_view request_id;
  std::string_view method;  // a standard method, or "OTHER"
  std::string_view route;   // as declared ("/fhir"); empty when none matched
  std::string_view slot;
  int status = 0;
  bool complete = true;  // false: the connection ended before the answer did
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::chrono::microseconds duration{0};
};

// Limits of the HTTP gateway; README.md has the table with the status that each leads to.
struct HttpOptions {
  // host:port or [v6]:port; only loopback is accepted. Port 0 takes a free one.
  std::string address = "127.0.0.1:8080";

  // Requests that run in plugins at the same time. There are two threads more than that, so that
  // health, metrics and refusals are always answered.
  int request_slots = 32;
  // Requests that wait for one of these places (they hold no thread), and how long. The rest is
  // told 503.
  std::size_t queued_requests = 1024;
  std::chrono::milliseconds queue_timeout{10'000};
  // Of these, how many may wait for slow peers: bodies that do not fit small_body_bytes, answers
  // that do not fit the buffers.
  int blocking_slots = 8;
  std::size_t max_connections = 8192;

  HeadLimits head;
  // A body up to this size is gathered before a thread is given to the request.
  std::size_t small_body_bytes = 256 * 1024;
  // Largest body on routes that declare no limit of their own.
  std::uint64_t max_body_bytes = 64 * 1024 * 1024;
  // Bytes of one answer that wait for a slow reader before the plugin is made to wait.
  std::size_t answer_buffer_bytes = 256 * 1024;
  // Bytes that all connections together may hold for slow peers.
  std::size_t total_buffer_bytes = 128 * 1024 * 1024;

  std::chrono::milliseconds request_timeout{30'000};
  // The same for requests whose body is streamed to the service.
  std::chrono::milliseconds stream_timeout{600'000};
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds idle_timeout{75'000};
  // A body or an answer may take this long plus a second per min_rate bytes.
  std::chrono::milliseconds transfer_grace{15'000};
  std::uint64_t min_rate_bytes_per_second = 1024;
  std::uint32_t max_requests_per_connection = 100'000;

  std::function<void(const AccessRecord&)> access_log;
  // Appends to the page of metrics, e.g. what other entrances count.
  std::function<void(std::string*)> more_metrics;
};

}  // namespace strata::gateway
