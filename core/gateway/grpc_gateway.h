#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/gateway/grpc_options.h"
#include "core/host/ingress.h"

namespace strata::gateway {

// The gRPC entrance: one generic service that forwards calls by method name to whichever slot
// provides them (metadata "strata-slot" picks one), with server reflection (v1, v1alpha) and the
// standard health service. README.md tells its threads and limits. Thread-safe.
class GrpcGateway final {
 public:
  // Listens and starts the threads. `ingress` outlives the gateway. INVALID_ARGUMENT,
  // FAILED_PRECONDITION: see ParseListenAddress. UNAVAILABLE: the address is in use, or its folder
  // is open to others.
  static Result<std::unique_ptr<GrpcGateway>> Start(GrpcOptions options, host::Ingress* ingress);
  ~GrpcGateway();  // Stop(0)
  GrpcGateway(const GrpcGateway&) = delete;
  GrpcGateway& operator=(const GrpcGateway&) = delete;

  // "127.0.0.1:8081", with the port that was taken; "unix:/path".
  const std::string& address() const;

  // Takes no more calls, lets the running ones finish for at most `grace`, cancels what is left and
  // waits for it. Blocks; the second time does nothing.
  void Stop(std::chrono::milliseconds grace);

  // Prometheus text of its counters, for the page of the HTTP gateway.
  void AppendMetrics(std::string* out) const;

 private:
  class Impl;
  explicit GrpcGateway(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace strata::gateway
