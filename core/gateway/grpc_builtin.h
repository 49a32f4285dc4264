#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/gateway/grpc_core.h"

namespace strata::gateway {

// What the gateway answers by itself, on gRPC's own threads and without a plugin: reflection and
// health (grpc/health/v1/health.proto: Check, Watch). Thread-safe.
class GrpcBuiltin final {
 public:
  explicit GrpcBuiltin(GrpcCore* core);
  ~GrpcBuiltin();  // Stop
  GrpcBuiltin(const GrpcBuiltin&) = delete;
  GrpcBuiltin& operator=(const GrpcBuiltin&) = delete;

  // The reactor of a built-in method; null for any other.
  grpc::ServerGenericBidiReactor* Create(std::string_view method);
  // Ends all watches: they would last as long as their clients.
  void Stop();

 private:
  class ReflectionStream;
  class HealthCheck;
  class HealthWatch;

  // SERVING, NOT_SERVING, or SERVICE_UNKNOWN.
  std::uint64_t ServingStatus(std::string_view service) const;
  std::vector<std::string> AllServices() const;
  void RunWatcher();
  void Remove(HealthWatch* watch);

  GrpcCore& core_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  std::list<HealthWatch*> watches_ STRATA_GUARDED_BY(mutex_);
  std::thread watcher_;
};

}  // namespace strata::gateway
