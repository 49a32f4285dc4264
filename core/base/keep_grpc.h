#pragma once

#include <grpc/grpc.h>

namespace strata::base {

// gRPC 1.51 shuts down when its last user goes, and may then wait for ever for a thread of its own
// (seen where a process is stopped and goes on, as in a paused container). Whoever starts a server
// calls this first: the library then stays until the process ends. Thread-safe.
inline void KeepGrpc() {
  static const bool kept = (grpc_init(), true);
  static_cast<void>(kept);
}

}  // namespace strata::base
