#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/gateway/http_options.h"
#include "core/host/ingress.h"

namespace strata::gateway {

// The HTTP/1.1 entrance: listens, and answers requests from the services behind the ingress.
// README.md tells its threads, limits and statuses. Thread-safe.
class HttpGateway final {
 public:
  // Listens and starts the threads. `ingress` outlives the gateway. INVALID_ARGUMENT,
  // FAILED_PRECONDITION, UNAVAILABLE: see ParseListenAddress and Listen.
  static Result<std::unique_ptr<HttpGateway>> Start(HttpOptions options, host::Ingress* ingress);
  ~HttpGateway();  // Stop(0)
  HttpGateway(const HttpGateway&) = delete;
  HttpGateway& operator=(const HttpGateway&) = delete;

  // "127.0.0.1:8080", with the port that was taken.
  const std::string& address() const;

  // Takes no more connections, lets the running requests finish for at most `grace`, cancels what
  // is left and waits for it. Blocks; the second time does nothing.
  void Stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  explicit HttpGateway(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace strata::gateway
