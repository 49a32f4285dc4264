#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace strata::isolation {

class KeptRequests;

// How messages of a forwarded call travel.
enum class Shape : std::uint8_t {
  kUnary,      // One request, one response.
  kResponses,  // One request, any number of responses.
  // The same, and the first response reaches the caller with the second one or the end: a short
  // answer that breaks off has not begun, and the call can be repeated.
  kRepeatable,
  kFramed,  // Both ways, in frames (frames.h).
};

struct Forwarded {
  strata_code code = STRATA_OK;
  // The peer did not end the call itself: it is gone, or the connection is.
  bool broken = false;
  // Something of the answer has reached the caller.
  bool delivered = false;
};

// A gRPC channel over one connected socket. It does not connect again.
std::shared_ptr<grpc::Channel> ChannelOver(base::UniqueFd socket);

// Carries `c` to the peer's RpcServer as `method` and waits for its end: requests, responses,
// status with details, trailers, deadline and cancellation go through c->ops as in one process.
// `head`: a serialized CallHead. Requests of a framed call come from `requests`; the first response
// of one whose requests are kept is held back as in kRepeatable, until the peer asks for more. When
// the connection broke, the caller has been told nothing but what `delivered` says. Thread-safe;
// blocks.
Forwarded Forward(grpc::Channel& channel, const std::string& method, const std::string& head,
                  Shape shape, KeptRequests* requests, strata_call* c);
// The same, of a call that is not made again.
Forwarded Forward(grpc::Channel& channel, const std::string& method, const std::string& head,
                  Shape shape, strata_call* c);

// One unary call of the two sides among themselves. UNAVAILABLE: the peer is gone. `deadline_us`:
// CLOCK_MONOTONIC microseconds; 0: none.
Result<std::string> Ask(grpc::Channel& channel, const std::string& method,
                        const std::string& request, std::int64_t deadline_us);

}  // namespace strata::isolation
