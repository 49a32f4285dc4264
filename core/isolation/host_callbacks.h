#pragma once

#include <atomic>
#include <map>
#include <string>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/mutex.h"
#include "core/isolation/active_calls.h"
#include "core/isolation/rpc_server.h"

namespace strata::isolation::v1 {
class Event;
class EventBatch;
class ResolveRequest;
class ResolveResponse;
class SecretRequest;
class SecretResponse;
}  // namespace strata::isolation::v1

namespace strata::isolation {

// What one isolated process may ask of the core: the functions of strata_host, served on the socket
// that only this process has. Nothing that it sends says who is asking; a call on behalf of a
// request carries the token of that request. Thread-safe.
class HostCallbacks final {
 public:
  explicit HostCallbacks(ActiveCalls* calls) : calls_(*calls) {}

  // From here on: before, there is no instance that could ask. `host` outlives the server.
  void SetHost(const strata_host* host) { host_.store(host); }
  const strata_host* host() const { return host_.load(); }

  RpcServer::Finder Finder();

 private:
  template <typename Request, typename Response>
  RpcHandler Answer(void (HostCallbacks::*function)(const strata_host*, const Request&, Response*));

  void Call(ServedCall& served);
  void Resolve(const strata_host* host, const v1::ResolveRequest& request,
               v1::ResolveResponse* response);
  void Secret(const strata_host* host, const v1::SecretRequest& request,
              v1::SecretResponse* response);
  void Events(const strata_host* host, const v1::EventBatch& batch, v1::ResolveResponse* nothing);
  void Handle(const strata_host* host, const v1::Event& event);

  ActiveCalls& calls_;
  std::atomic<const strata_host*> host_{nullptr};
  base::Mutex mutex_;
  std::map<std::uint32_t, std::uint64_t> metrics_ STRATA_GUARDED_BY(mutex_);  // Their id -> ours.
};

}  // namespace strata::isolation
