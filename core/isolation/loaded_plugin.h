#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/isolation/rpc_server.h"

namespace strata::isolation::v1 {
class CreateRequest;
class CreateResponse;
class HelloResponse;
class Reply;
}  // namespace strata::isolation::v1

namespace strata {
class CancelSource;
}

namespace strata::isolation {

class HostShim;
class Lane;
class PluginCall;
struct LaneFrame;

// Runs the first code of the shared object: the vtable, which lives as long as the process.
// FAILED_PRECONDITION: it cannot be loaded or refuses this host.
Result<const strata_plugin*> LoadImage(const std::string& path);

// The plugin of this process and its only instance, as the core drives it by calls. Thread-safe, as
// far as the core keeps to the [ctl] rule of the ABI.
class LoadedPlugin final {
 public:
  // `core`: the channel on which the core is called. What Confine said goes into Hello.
  LoadedPlugin(Result<const strata_plugin*> plugin, std::shared_ptr<grpc::Channel> core,
               std::vector<std::string> missing);
  ~LoadedPlugin();

  RpcServer::Finder Finder();
  // Serves a call that came on a lane; false: the lane is of no use any more.
  bool ServeLane(Lane* lane, CancelSource* cancel, const LaneFrame& frame);

 private:
  using Control = std::function<std::string(std::string_view request)>;

  void ServeControl(ServedCall& served, const Control& control);
  void ServeMethod(ServedCall& served, std::uint32_t index);
  // Runs the plugin's own code.
  strata_code Handle(PluginCall* call, std::uint32_t index);
  void CountCall();
  void UncountCall();

  std::string Hello() const;
  std::string Create(std::string_view request);
  std::string Drain(std::string_view request);
  std::string Handover(std::string_view step);
  std::string Migrate(std::string_view step, std::string_view request);
  void WaitForCalls();
  // A control function that explains itself.
  std::string Explain(const std::function<strata_code(strata_status*)>& function) const;

  const Result<const strata_plugin*> plugin_;
  const std::shared_ptr<grpc::Channel> core_;  // shared: with the shim.
  const std::vector<std::string> missing_;
  std::map<std::string, std::uint32_t, std::less<>> methods_;
  std::map<std::string, Control, std::less<>> controls_;
  std::unique_ptr<HostShim> host_;
  std::atomic<void*> self_{nullptr};

  base::Mutex mutex_;
  base::CondVar idle_;
  std::size_t calls_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::isolation
