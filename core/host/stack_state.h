#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/host/instance.h"
#include "core/host/package.h"
#include "core/host/request.h"
#include "core/host/route_table.h"
#include "core/host/router.h"
#include "core/host/routes_builder.h"
#include "core/host/slot_control.h"
#include "core/host/stack.h"
#include "core/host/wiring.h"
#include "core/host/worker_pool.h"

namespace strata::host {

// One slot of the running stack. Changed while starting and stopping only.
struct Slot {
  SlotConfig config;
  std::uint32_t number = 0;
  Lifecycle early;      // Until there is an instance.
  std::string failure;  // Why it does not run.
  std::optional<Manifest> manifest;
  std::string package_dir;
  std::string digest;
  std::vector<Grant> grants;
  // shared: with the routes, and with control threads that did not return in time.
  std::shared_ptr<Instance> instance;
  std::shared_ptr<SlotStats> stats = std::make_shared<SlotStats>();  // shared: with the instances.
  std::optional<ServiceDescription> service;

  State state() const { return instance != nullptr ? instance->state() : early.state(); }
  bool running() const { return state() == State::kActive; }
};

// The parts of a stack. Members are destroyed bottom up: instances before what they use.
class StackState final {
 public:
  StackState(StackConfig stack_config, const StackOptions& stack_options, base::Log& stack_log,
             const base::Clock& stack_clock);
  ~StackState();

  // Publishes a generation of all running slots but `without`; returns its number.
  std::uint64_t Publish(const Slot* without = nullptr);
  // Absolute; a relative `data` counts from the stack file's folder.
  std::string DataDir() const;
  std::string SlotStateDir(const Slot& slot) const;
  std::string StoreDir() const;

  const StackConfig config;
  const StackOptions options;
  base::Log& log;
  const base::Clock& clock;
  const PackagePath packages;
  const std::int64_t started_us;

  base::MetricsRegistry metrics;
  MethodNames names;
  RouteTable table;
  CancelHub hub;
  Router router;
  WorkerPool workers;
  const HostServices services;

  std::deque<Slot> slots;
  std::vector<std::size_t> order;  // Providers before consumers.
  std::map<std::string, std::string, std::less<>> chosen;
  std::shared_ptr<Instance> core;  // strata.core.v1; shared: as in Slot.

  // Requests from outside, to bound them and to wait for them.
  std::atomic<std::size_t> requests{0};
  std::atomic<bool> stopping{false};
  base::Mutex stop_mutex;
  base::CondVar request_ended;

  mutable base::Mutex address_mutex;
  std::string http_address STRATA_GUARDED_BY(address_mutex);
  std::string grpc_address STRATA_GUARDED_BY(address_mutex);
  std::string admin_http_address STRATA_GUARDED_BY(address_mutex);

  // Asks the plugins for their health while the stack runs.
  base::Mutex health_mutex;
  base::CondVar health_stop;
  bool health_stopping STRATA_GUARDED_BY(health_mutex) = false;
  std::thread health_thread;
};

// What the core's own services are made of (admin.cc): the instance of slot "core". Takes the state
// as it is; it outlives the instance.
std::shared_ptr<Instance> MakeCoreInstance(StackState& state);

// Brings all slots up, in order (stack_start.cc). On failure what was started is taken down again.
Status StartSlots(const std::shared_ptr<StackState>& state);
// Takes them down, in reverse order (stack_stop.cc). DEADLINE_EXCEEDED: a plugin did not let go.
Status StopSlots(const std::shared_ptr<StackState>& state, Deadline deadline);

StackReport MakeReport(const StackState& state);
std::string MakeMetricsText(const StackState& state);
bool IsReady(const StackState& state, std::string* why);

}  // namespace strata::host
