#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/host/change/probation_bounds.h"
#include "core/host/change/transfer.h"
#include "core/host/external.h"
#include "core/host/ingress.h"
#include "core/host/stack_file.h"
#include "core/host/stored_format.h"
#include "core/host/trials.h"

namespace strata::host {

class Isolation;
class StackState;

struct StackOptions {
  // Folders to look for packages in, first match wins (StackOptions::DefaultPluginPath).
  std::vector<std::string> plugin_path;
  std::chrono::milliseconds health_interval{1000};
  // How often a plugin on probation is looked at.
  std::chrono::milliseconds probation_interval{1000};
  ProbationBounds probation;
  // Start what the stack file says and forget what changes made of it.
  bool as_file = false;
  // Runs slots outside of this process; null: they are refused. Outlives the stack.
  Isolation* isolation = nullptr;
  // Slots that are code of the core, by name.
  std::map<std::string, ExternalSlot, std::less<>> externals;
  // None: the stack has no trials.
  MakeTrials make_trials;
  // How records are copied in a swap by transfer; null: such swaps are refused.
  MakeTransfer make_transfer;

  // --plugin-path folders, then those of STRATA_PLUGIN_PATH (separated by ":"), then lib/plugins
  // beside the folder of the running program.
  static std::vector<std::string> DefaultPluginPath(const std::vector<std::string>& first);
};

// What `strata status` shows of one slot.
struct SlotReport {
  struct Binding {
    std::string name;
    std::string service;
    std::string slot;
  };
  std::string name;
  std::string layer;
  std::string plugin;
  std::string version;
  std::string package_dir;
  std::string digest;
  std::string state;
  bool serving = false;
  bool starting = false;
  std::string reason;
  bool optional = false;
  std::vector<Binding> bindings;
  std::vector<std::string> provides;
  bool differs_from_file = false;
  // What a rollback would bring back; empty: nothing.
  std::string previous_plugin;
  std::string previous_version;
  std::string previous_digest;
  std::string previous_package;
  std::string previous_isolation;
  std::int64_t probation_until_us = 0;
  StoredFormat format;  // Of what it keeps, and what its plugin declares.
  DeclaredFormats formats;
  std::string isolation;       // "in-process", "process", "endpoint", "command"
  std::int32_t pid = 0;        // Of a process of its own, while there is one.
  std::uint32_t restarts = 0;  // Of that process.
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t in_flight = 0;
  double p50_us = 0;
  double p99_us = 0;
};

struct StackReport {
  std::string name;
  std::uint64_t generation = 0;
  std::int64_t started_us = 0;
  bool ready = false;
  std::string http_address;
  std::string grpc_address;
  std::string admin_http_address;
  std::vector<SlotReport> slots;
};

// A running stack: its plugins, wired and started, and the way in for the gateways. Thread-safe but
// for Stop, which one thread calls. Log and clock outlive it.
class Stack final : public Ingress {
 public:
  // Loads, wires and starts everything; providers before consumers. Errors name the place in the
  // stack file, the slot and what to do: INVALID_ARGUMENT the file and the plugins do not fit;
  // FAILED_PRECONDITION a package was refused; else the code with which a plugin failed to start. A
  // failed `optional` slot is left out, logged and reported.
  static Result<std::unique_ptr<Stack>> Start(StackConfig config, const StackOptions& options,
                                              base::Log& log, const base::Clock& clock);

  // Calls Stop if nobody has. Every Pin must be gone, every thread that may call Enter joined.
  ~Stack() override;

  // What SIGTERM means: lets nobody in, waits for the requests in flight until `drain_timeout` of
  // the stack file, cancels those that remain, stops the plugins, consumers first.
  // DEADLINE_EXCEEDED: a plugin did not let go; the process should end without running destructors
  // (quick_exit), because that plugin's threads may still run.
  Status Stop();

  // Tells endless calls (a Watch, a long-lived route) that this is the end, before the gateways
  // wait for the others. New ones end at once.
  void EndEndless();

  // Where the gateways listen, for reports (they may have been given port 0).
  void SetAddresses(std::string http, std::string grpc, std::string admin_http);

  const StackConfig& config() const;
  StackReport Report() const;
  base::MetricsRegistry& metrics();
  // For other parts of the core.
  StackState& state() { return *state_; }

  // The entrance for operators: their routes and no others, where the stack itself has all but
  // theirs. Lives as long as the stack.
  Ingress* operators();

  Result<std::unique_ptr<Pin>> Enter(std::int64_t deadline_us) override;
  bool Ready(std::string* why) const override;
  std::string MetricsText() const override;
  std::vector<std::string> DescriptorSets() const override;
  std::vector<std::string> ServiceNames() const override;

 private:
  class OperatorEntrance;

  explicit Stack(std::shared_ptr<StackState> state);
  Result<std::unique_ptr<Pin>> EnterAs(Audience audience, std::int64_t deadline_us);

  // shared: by this object and by the threads of plugins that did not return in time.
  std::shared_ptr<StackState> state_;
  const std::unique_ptr<OperatorEntrance> operators_;
};

}  // namespace strata::host
