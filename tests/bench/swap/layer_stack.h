#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/gateway/grpc_gateway.h"
#include "core/gateway/http_gateway.h"
#include "core/host/stack.h"
#include "core/isolation/isolator.h"

namespace strata::bench {

// The embedded stack (store, record, FHIR API) with both entrances, in this process, and packages
// to swap in: for each slot two versions and the broken ones. Single-threaded; Stack is
// thread-safe.
class LayerStack final {
 public:
  // `folder` is empty and outlives it.
  static Result<std::unique_ptr<LayerStack>> Start(const std::string& folder);
  ~LayerStack();

  // Package of the real plugin of a slot ("hosting", "record", "fhir") as version 0.1.1 or 0.1.2.
  std::string Version(const std::string& slot, int number) const;
  // One that says another version than its code does.
  std::string Dishonest(const std::string& slot) const;
  // One that was built for another plugin ABI.
  std::string OtherAbi(const std::string& slot) const;
  // One that is broken in the way that its setting "fault" says.
  static std::string Faulty(const std::string& slot);

  host::Stack& stack() { return *stack_; }
  const base::MemoryLogSink& log() const { return sink_; }
  std::string http() const { return http_->address(); }
  std::string grpc() const { return grpc_->address(); }

  // As `strata up` ends.
  Status Stop();

 private:
  explicit LayerStack(std::string folder) : folder_(std::move(folder)) {}
  Status MakePackages() const;
  Status Open();

  const std::string folder_;
  base::MemoryLogSink sink_;
  base::SystemClock clock_;
  base::Log log_{sink_, clock_};
  isolation::Isolator isolator_{log_, STRATA_PLUGIN_HOST};
  std::unique_ptr<host::Stack> stack_;
  std::unique_ptr<gateway::GrpcGateway> grpc_;
  std::unique_ptr<gateway::HttpGateway> http_;
};

inline const std::vector<std::string> kLayers = {"hosting", "record", "fhir"};

}  // namespace strata::bench
