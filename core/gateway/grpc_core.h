#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/gateway/grpc_options.h"
#include "core/gateway/worker_pool.h"
#include "core/host/ingress.h"

namespace strata::gateway {

// What all calls of one gRPC gateway share. Thread-safe.
struct GrpcCore {
  GrpcCore(GrpcOptions grpc_options, host::Ingress* host)
      : options(std::move(grpc_options)),
        ingress(*host),
        pool("grpc", options.call_slots, options.waiting_calls) {}

  const GrpcOptions options;
  host::Ingress& ingress;
  std::atomic<std::uint64_t> last_request{0};
  std::atomic<std::int64_t> calls{0};                     // alive
  std::atomic<std::int64_t> streams{0};                   // of these
  std::array<std::atomic<std::uint64_t>, 17> finished{};  // by code
  WorkerPool pool;                                        // last: its threads use the rest
};

inline grpc::ByteBuffer ToByteBuffer(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

// The bytes in one piece (a reference if they are so already).
inline grpc::Slice ToSlice(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.TrySingleSlice(&slice).ok() && !buffer.DumpToSingleSlice(&slice).ok()) return {};
  return slice;
}

inline std::string_view View(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

}  // namespace strata::gateway
