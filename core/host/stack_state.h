#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/host/change/transfer.h"
#include "core/host/format_records.h"
#include "core/host/instance.h"
#include "core/host/layout.h"
#include "core/host/package.h"
#include "core/host/request.h"
#include "core/host/route_table.h"
#include "core/host/router.h"
#include "core/host/routes_builder.h"
#include "core/host/slot_control.h"
#include "core/host/stack.h"
#include "core/host/trials.h"
#include "core/host/wiring.h"
#include "core/host/worker_pool.h"

namespace strata::host {

class Changes;

// The parts of a stack. Members are destroyed bottom up: instances before what they use. What the
// slots are is a Layout: any thread reads the one of the moment, one control thread at a time (of
// the start, of a change, of the stop) shows another.
class StackState final {
 public:
  StackState(StackConfig stack_config, const StackOptions& stack_options, base::Log& stack_log,
             const base::Clock& stack_clock);
  ~StackState();

  // The slots as they are. Never null.
  std::shared_ptr<const Layout> layout() const;
  // Shows `layout` and makes its running, routed slots the next generation; returns its number.
  std::uint64_t Publish(const Layout& layout);
  // Shows what has no influence on the routes.
  void Show(const Layout& layout);
  // Routes for candidates only (RouteTable::Stage).
  void Stage(const Layout& layout);
  // Gives each slot of `layout` what `wiring` (of the same slots) grants it.
  void Connect(Wiring wiring, Layout* layout);
  // The number of a slot: the same for a name as long as the stack runs.
  std::uint32_t NumberOf(const std::string& name);
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

  // How records are copied in a swap by transfer; null: not at all. Set before the stack starts.
  MakeTransfer make_transfer;
  std::shared_ptr<Instance> core;  // strata.core.v1; shared: as in Slot.

  // Instances that did not let go: never destroyed, because their code may still run.
  void KeepZombie(std::shared_ptr<Instance> instance);
  std::size_t zombies() const { return zombies_.load(); }

  FormatRecords formats;             // Of what the slots keep.
  std::unique_ptr<Changes> changes;  // Of the running stack.

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

  // Null: this stack has none. Set once, before requests come in; ended before the slots are.
  std::unique_ptr<Trials> trials;

 private:
  std::unique_ptr<const Routes> RoutesOf(const Layout& layout);

  mutable base::Mutex layout_mutex_;
  // shared: with readers that look at an edition while the next is shown.
  std::shared_ptr<const Layout> layout_ STRATA_GUARDED_BY(layout_mutex_);
  std::map<std::string, std::uint32_t> numbers_ STRATA_GUARDED_BY(layout_mutex_);
  std::atomic<std::size_t> zombies_{0};
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
