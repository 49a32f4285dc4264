#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/host/canary.h"
#include "core/host/change/plan.h"
#include "core/host/change/transfer.h"
#include "core/host/slot_control.h"

namespace strata::host {

// How a change that runs tells what it does, and hears that it is to end.
struct ChangeMonitor {
  std::function<void(std::string_view)> step;  // "start record", "drain", ...
  std::function<bool()> ended;                 // Somebody wants it to end before the switch.
  Transfer::Report progress;
  // Copies are whole and nobody writes: what is switched to from here on is where the records are.
  // An error ends the change.
  std::function<Status()> cut_over;
};

struct ChangeOutcome {
  std::uint64_t generation_before = 0;
  std::uint64_t generation_after = 0;
  std::int64_t pause_us = 0;    // How long requests were parked.
  std::uint64_t drained = 0;    // Requests of the old generations that ended by themselves,
  std::uint64_t cancelled = 0;  // those that had to be cancelled,
  std::uint64_t resumed = 0;    // and endless ones that were told to enter again.
  std::uint64_t abandoned = 0;  // Requests that did not end even then.
  // What was replaced or removed, consumers before providers: to be retired.
  std::vector<std::shared_ptr<Instance>> old;
};

// Carries one plan out, on the control thread: starts the candidates, switches, drains. All or
// nothing: on any error before the switch everything is as it was and the candidates are gone.
class ChangeRunner final {
 public:
  // With `canary` the plan's only step brings a candidate up that serves a share of the patients,
  // beside what serves the slot.
  ChangeRunner(std::shared_ptr<StackState> state, ChangePlan plan, ChangeMonitor monitor,
               std::optional<CanaryOrder> canary = std::nullopt);
  ~ChangeRunner();

  // Until the new generation serves. CANCELLED: it was to end; else the reason why a candidate did
  // not start, with its slot.
  Status Switch(ChangeOutcome* outcome);
  // Waits for the requests of the old generations and ends what does not end by itself. At most the
  // stack's drain timeout and two seconds.
  void Drain(ChangeOutcome* outcome);

  const ChangePlan& plan() const { return plan_; }
  // What runs after the switch.
  const Layout& layout() const { return plan_.to; }
  // Once switched: what serves beside; null without `canary`.
  const std::shared_ptr<const Canary>& canary() const { return canary_; }

 private:
  Status Prepare();
  Status PrepareStep(PlannedStep& step);
  Status MakeCandidate(PlannedStep& step, Slot* slot);
  Status StartCandidate(PlannedStep* step, Slot* slot);
  Status FallBackToOverlap(PlannedStep* step, const Slot& slot);
  Status Describe(Slot* slot);
  Status CheckFormat(Slot* slot) const;
  Status Reconfigure(PlannedStep& step);
  void RestoreSettings();
  Status CopyRecords();
  Status PassThroughGate(ChangeOutcome* outcome);
  Status EmptyGate();
  std::string WhyGateIsClosed() const;
  Status ChangeHands();
  Status CutOver();
  void GiveBack();
  void Commit(ChangeOutcome* outcome);
  Status CheckCanary() const;
  void CommitCanary(ChangeOutcome* outcome);
  void Remember(const PlannedStep& step, Slot* slot) const;
  void Discard();
  Status CheckEnded() const;
  bool NeedsGate() const;
  Deadline StartDeadline() const;

  // Unstages at the end, whatever happened.
  const std::shared_ptr<StackState> shared_;
  StackState& state_;
  ChangePlan plan_;
  const ChangeMonitor monitor_;
  const std::optional<CanaryOrder> canary_order_;
  std::shared_ptr<const Canary> canary_;  // shared: with the layout and the routes.
  Layout staged_;                         // What candidates see.
  std::vector<std::string> reconfigured_;
  std::vector<std::shared_ptr<Instance>> candidates_;
  std::vector<std::shared_ptr<Instance>> released_;  // Have given their data up.
  std::vector<std::pair<std::string, std::unique_ptr<Transfer>>> transfers_;
  Deadline hand_over_by_ = Deadline::max();  // Set while the gate is closed.
};

// Waits for the requests of `generation` and earlier ones; tells those that do not end by
// themselves to, and gives up what does not end even then. At most the stack's drain timeout and
// two seconds.
void DrainGenerations(StackState& state, std::uint64_t generation, ChangeOutcome* outcome);

// Takes a replaced instance to RETIRED. `calls_left`: requests that were given up may still be in
// it, so it is told to end its work and kept (ZOMBIE). DEADLINE_EXCEEDED: it did not let go.
Status RetireInstance(const std::shared_ptr<StackState>& state,
                      const std::shared_ptr<Instance>& instance, bool calls_left);

}  // namespace strata::host
