#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"
#include "core/isolation/active_calls.h"
#include "core/isolation/growing_pool.h"
#include "core/isolation/host_callbacks.h"
#include "core/isolation/lanes.h"
#include "core/isolation/process.h"
#include "core/isolation/rpc_server.h"

namespace strata::isolation {

// One process of an isolated plugin, the two sockets to it and the lanes. Thread-safe but for the
// destructor.
class Link final {
 public:
  // Starts `strata plugin-host` on the calling thread, which must live as long as the process is
  // wanted; `process.descriptors` are set here. Errors as Process::Start.
  static Result<std::shared_ptr<Link>> Start(ProcessSpec process);
  ~Link();

  grpc::Channel& channel() { return *channel_; }
  ActiveCalls& calls() { return calls_; }
  Lanes& lanes() { return *lanes_; }
  // What the process may ask for; null: it has no instance yet.
  const strata_host* host() const { return callbacks_.host(); }
  Process& process() { return *process_; }
  void SetHost(const strata_host* host) { callbacks_.SetHost(host); }

  // The connection broke: nothing may be sent here any more. Ends the process.
  void Break();
  bool broken() const { return broken_.load(); }

  // Lets the process go, kills it when it has not ended at `deadline`, cancels what it asked the
  // core for and waits for that. Returns how the process ended.
  std::string Close(std::chrono::steady_clock::time_point deadline);

 private:
  static constexpr std::size_t kMaxThreads = 4096;

  Link() : callbacks_(&calls_) {}

  ActiveCalls calls_;
  HostCallbacks callbacks_;
  GrowingPool pool_{"strata-callback", kMaxThreads};
  std::unique_ptr<RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;  // shared: gRPC's own type.
  std::unique_ptr<Lanes> lanes_;
  base::UniqueFd lifeline_;  // Its other end reads the end of file when we are gone.
  std::unique_ptr<Process> process_;
  std::atomic<bool> broken_{false};
  base::Mutex close_mutex_;
};

}  // namespace strata::isolation
