#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/host/bindings.h"
#include "core/host/host_api.h"
#include "core/host/isolation.h"
#include "core/host/lifecycle.h"
#include "core/host/slot_stats.h"

namespace strata::host {

// What an instance is made from.
struct InstanceSpec {
  std::string slot;
  std::uint32_t slot_number = 0;
  // shared: by all instances made of it; owns nothing when the code is part of this process.
  std::shared_ptr<const strata_plugin> plugin;
  void* adopted = nullptr;  // Of the core's own services: the instance itself, not made by create.
  std::string package_dir;
  std::string state_dir;  // Empty: it gets none.
  std::string digest;
  std::string config_json;
  std::vector<Grant> grants;
  // shared: one per slot, by all instances that ever ran in it.
  std::shared_ptr<SlotStats> stats;
};

enum class HealthState : std::uint8_t { kStarting, kServing, kNotServing };
struct Health {
  HealthState state = HealthState::kStarting;
  std::string reason;
};

// One plugin instance in one slot, LOADED when made: its vtable, its life and what it may call.
// Calls of the control plane (Create ... Destroy) come from one thread at a time; the rest is
// thread-safe.
class Instance final {
 public:
  Instance(InstanceSpec spec, const HostServices& services);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  std::string_view slot() const { return spec_.slot; }
  std::uint32_t slot_number() const { return spec_.slot_number; }
  const InstanceSpec& spec() const { return spec_; }
  const strata_descriptor& descriptor() const { return *spec_.plugin->desc; }
  const Bindings& bindings() const { return bindings_; }
  Bindings& bindings() { return bindings_; }
  SlotStats& stats() const { return *spec_.stats; }
  State state() const { return lifecycle_.state(); }
  bool Advance(State to) { return lifecycle_.Advance(to); }

  const strata_method& method(std::uint32_t index) const { return descriptor().methods[index]; }
  std::uint32_t method_count() const {
    return static_cast<std::uint32_t>(descriptor().method_count);
  }
  // Index in the plugin's method table; -1 when it lacks the method.
  std::int32_t MethodIndex(std::string_view full_method) const;

  // The plugin's own functions; errors are its codes with its explanation.
  Status Create();
  Status Start();
  Status Drain(std::chrono::steady_clock::time_point deadline);
  void Stop();
  void Destroy();
  strata_code Handle(strata_call* call) { return spec_.plugin->handle(self_, call); }

  // Asks the plugin and remembers the answer.
  Health PollHealth();
  // What was heard last, by poll or push.
  Health health() const;
  // strata_host.set_health. A pushed fault outweighs polls until OK is pushed.
  void PushHealth(strata_code code, std::string_view why);

  // Work submitted to the pool and not yet done.
  bool BeginTask();  // False while draining.
  void EndTask();
  bool WaitForTasks(std::chrono::steady_clock::time_point deadline);

  // Calls that it makes on its own behalf.
  void BeginCall();
  void EndCall();
  bool WaitForCalls(std::chrono::steady_clock::time_point deadline);

  // While a change prepares it, its own calls see what the change makes (RouteTable::EnterStaged).
  void set_staged(bool staged) { staged_.store(staged); }
  bool staged() const { return staged_.load(std::memory_order_relaxed); }

  // The plugin's extension, or null. From create to destroy only.
  const void* Extension(const char* id) const;
  // strata_plugin.reconfigure.
  Status Reconfigure(std::string_view config_json);
  // What is outside of this process, if it is; nothing of it while it is being stopped.
  OutsideReport ReportOutside(const Isolation& isolation);
  // Calls a control function of an extension.
  Status Control(const std::function<strata_code(void* self, strata_status* why)>& function,
                 std::string_view name);
  // Between create and acquire in a handover: another instance owns the data.
  void set_handover_pending(bool pending) { handover_pending_.store(pending); }
  bool handover_pending() const { return handover_pending_.load(); }

  HostApi& api() { return api_; }

 private:
  const InstanceSpec spec_;
  Bindings bindings_;
  HostApi api_;
  Lifecycle lifecycle_;
  void* self_ = nullptr;
  std::map<std::string, std::int32_t, std::less<>> method_index_;

  base::Mutex control_mutex_;  // One Control at a time; taken before mutex_.
  mutable base::Mutex mutex_;
  base::CondVar tasks_done_;
  Health polled_ STRATA_GUARDED_BY(mutex_);
  Health pushed_ STRATA_GUARDED_BY(mutex_);
  std::size_t tasks_ STRATA_GUARDED_BY(mutex_) = 0;
  bool refuse_tasks_ STRATA_GUARDED_BY(mutex_) = false;
  std::size_t own_calls_ STRATA_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> staged_{false};
  std::atomic<bool> handover_pending_{false};
};

}  // namespace strata::host
