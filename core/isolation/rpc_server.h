#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace strata::isolation {

class GrowingPool;
class ServedCall;

// Limits of both sides: far above those of the contracts, which the plugins themselves keep.
inline constexpr int kMaxMessageBytes = 64 * 1024 * 1024;
inline constexpr int kMaxMetadataBytes = 256 * 1024;

// How one method is served. `run` gets the call on a thread of the pool and ends it.
struct RpcHandler {
  std::function<void(ServedCall&)> run;
  // The request is one message, read before `run` gets a thread.
  bool one_request = true;
};

// A gRPC server for whoever has the other end of one connected socket; nobody else can reach it.
// Thread-safe.
class RpcServer final {
 public:
  // The handler of a full method name; an empty `run`: UNIMPLEMENTED.
  using Finder = std::function<RpcHandler(const std::string& method)>;

  // `pool` outlives the server. UNAVAILABLE: gRPC cannot start.
  static Result<std::unique_ptr<RpcServer>> Start(base::UniqueFd socket, GrowingPool* pool,
                                                  Finder find);
  ~RpcServer();

  // Cancels all calls, accepts none any more, and waits until every `run` has returned.
  void Stop();

 private:
  class Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace strata::isolation
