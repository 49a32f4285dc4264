#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::gateway {

// One finished call, for the log. Views are valid during the call only.
struct GrpcAccessRecord {
  std::string_view request_id;
  std::string_view method;  // as declared; empty when nobody provides it
  std::string_view slot;
  Code code = Code::kOk;
  std::chrono::microseconds duration{0};
};

// Limits of the gRPC gateway; README.md has the table.
struct GrpcOptions {
  // Loopback host:port, or unix:/path; the folder of the path is made for its owner only.
  std::string address = "127.0.0.1:8081";

  // Calls inside plugins at the same time: each holds a thread of the gateway's own pool.
  int call_slots = 32;
  // Of these, how many may be streams, which can last.
  int stream_slots = 24;
  // Calls that wait for a thread; the next is told RESOURCE_EXHAUSTED.
  std::size_t waiting_calls = 256;
  std::size_t max_message_bytes = 16 * 1024 * 1024;
  std::size_t max_metadata_bytes = 16 * 1024;
  // Messages of one stream that wait for the slower side, each way.
  std::size_t queued_messages = 64;
  std::size_t queued_bytes = 1024 * 1024;
  // Of unary calls whose client set no deadline.
  std::chrono::milliseconds request_timeout{60'000};

  std::function<void(const GrpcAccessRecord&)> access_log;
};

}  // namespace strata::gateway
