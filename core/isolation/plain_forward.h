#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <string>

#include "core/abi/strata/plugin_abi.h"
#include "core/isolation/forward.h"

namespace strata::isolation {

// Header with the serialized strata.common.v1.AuthContext of whoever is being served. The server
// trusts the core by how it is connected: a socket that nobody else can open, or mutual TLS.
inline constexpr char kAuthKey[] = "strata-auth-bin";

// Carries `c` to an ordinary gRPC server: metadata are headers, trailers are trailers. A method
// with requests and responses that both stream is read ahead by a thread of its own: c->ops->read
// and c->ops->write run at the same time, and the end of the call is heard once the next request is
// there. `broken`: there is no connection. Thread-safe; blocks.
Forwarded ForwardPlain(grpc::Channel& channel, const std::string& method, std::int32_t kind,
                       strata_call* c);

// What grpc.health.v1 says; a server without it is healthy. UNAVAILABLE: not reached, or it is not
// serving.
Status CheckServer(grpc::Channel& channel, std::int64_t deadline_us);

}  // namespace strata::isolation
