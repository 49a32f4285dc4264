#include "core/host/change/runner.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/abi/strata/plugin_extensions.h"
#include "core/host/change/mode.h"
#include "core/host/format_control.h"
#include "core/host/slot_build.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
using std::chrono::steady_clock;
using v1::SlotChange;

// What has no end of its own gets this long before it is told to enter again.
constexpr std::chrono::seconds kEndlessGrace{1};
// Requests that do not end by themselves get this long after they were cancelled.
constexpr std::chrono::seconds kCancelGrace{2};
// What a candidate that is thrown away gets to end its work.
constexpr std::chrono::seconds kDiscardTime{5};

}  // namespace

ChangeRunner::ChangeRunner(std::shared_ptr<StackState> state, ChangePlan plan,
                           ChangeMonitor monitor)
    : shared_(std::move(state)),
      state_(*shared_),
      plan_(std::move(plan)),
      monitor_(std::move(monitor)),
      staged_(*plan_.from) {}

ChangeRunner::~ChangeRunner() = default;

Deadline ChangeRunner::StartDeadline() const {
  return steady_clock::now() + state_.config.start_timeout;
}

Status ChangeRunner::CheckEnded() const {
  return monitor_.ended() ? Cancelled("it was ended before the switch") : OkStatus();
}

bool ChangeRunner::NeedsGate() const {
  return std::any_of(plan_.steps.begin(), plan_.steps.end(), [&](const PlannedStep& step) {
    const bool kept =
        std::find(reconfigured_.begin(), reconfigured_.end(), step.slot) != reconfigured_.end();
    return !kept && step.mode != v1::SWAP_MODE_OVERLAP;
  });
}

Status ChangeRunner::Switch(ChangeOutcome* outcome) {
  outcome->generation_before = state_.table.current();
  plan_.from = state_.layout();  // The same slots; probations may have ended since.
  Status status = Prepare();
  if (status.ok()) status = CopyRecords();
  if (status.ok()) status = CheckEnded();
  if (status.ok()) {
    if (NeedsGate()) {
      status = PassThroughGate(outcome);
    } else {
      Commit(outcome);
    }
  }
  transfers_.clear();
  if (!status.ok()) Discard();
  state_.table.Unstage();
  return status;
}

// ---- before the switch -------------------------------------------------------------------------

Status ChangeRunner::Prepare() {
  for (PlannedStep& step : plan_.steps) {
    const bool later = step.action == SlotChange::ACTION_RECONFIGURE;
    if (later || step.action == SlotChange::ACTION_REMOVE) continue;
    STRATA_RETURN_IF_ERROR(PrepareStep(step));
  }
  // Last, because they are seen at once.
  for (PlannedStep& step : plan_.steps) {
    if (step.action != SlotChange::ACTION_RECONFIGURE) continue;
    STRATA_RETURN_IF_ERROR(CheckEnded());
    STRATA_RETURN_IF_ERROR(Reconfigure(step));
  }
  return OkStatus();
}

Status ChangeRunner::PrepareStep(PlannedStep& step) {
  STRATA_RETURN_IF_ERROR(CheckEnded());
  monitor_.step("start " + step.slot);
  Slot* const slot = plan_.to.Find(step.slot);
  STRATA_RETURN_IF_ERROR(MakeCandidate(step, slot));
  if (const Status started = StartCandidate(&step, slot); !started.ok()) {
    return AtSlot(slot->config.place, *slot, started);
  }
  if (step.mode == v1::SWAP_MODE_HANDOVER) return OkStatus();
  return Describe(slot);
}

Status ChangeRunner::MakeCandidate(PlannedStep& step, Slot* slot) {
  slot->failure.clear();
  slot->routed = true;
  if (step.code != nullptr) {
    STRATA_RETURN_IF_ERROR(InstanceOf(state_, step.code, slot));
  } else {
    STRATA_RETURN_IF_ERROR(LoadSlot(state_, step.package, slot));
    step.package.image = {};
  }
  slot->instance->set_staged(true);
  slot->instance->set_handover_pending(step.mode == v1::SWAP_MODE_HANDOVER);
  candidates_.push_back(slot->instance);
  state_.Stage(staged_);
  return OkStatus();
}

Status ChangeRunner::StartCandidate(PlannedStep* step, Slot* slot) {
  STRATA_RETURN_IF_ERROR(StartInstance(slot->instance, StartDeadline(), shared_));
  if (step->mode == v1::SWAP_MODE_HANDOVER) {
    if (slot->instance->Extension(STRATA_EXT_HANDOVER) != nullptr) return OkStatus();
    STRATA_RETURN_IF_ERROR(FallBackToOverlap(step, *slot));
  }
  return ProbeInstance(slot->instance, StartDeadline(), shared_);
}

// The plan only knows the old plugin. A new one that cannot be handed anything has started by
// itself.
Status ChangeRunner::FallBackToOverlap(PlannedStep* step, const Slot& slot) {
  if (KeepsRecords(slot)) {
    return FailedPrecondition("the new plugin does not offer " STRATA_EXT_HANDOVER);
  }
  slot.instance->set_handover_pending(false);
  step->mode = v1::SWAP_MODE_OVERLAP;
  for (SlotChange& shown : *plan_.shown.mutable_slots()) {
    if (shown.slot() == step->slot) shown.set_mode(step->mode);
  }
  return OkStatus();
}

// It has the data, and goes on writing it as it is stored: else there were no way back.
Status ChangeRunner::CheckFormat(Slot* slot) const {
  if (const Status taken = TakeFormat(slot, StartDeadline(), shared_); !taken.ok()) {
    return AtSlot(slot->config.place, *slot, taken);
  }
  const Slot* const now = plan_.from->Find(slot->config.name);
  const auto step = std::find_if(plan_.steps.begin(), plan_.steps.end(),
                                 [&](const auto& s) { return s.slot == slot->config.name; });
  if (now == nullptr || !now->format.known() || step == plan_.steps.end() ||
      step->mode == v1::SWAP_MODE_TRANSFER || now->format.writes == slot->format.writes) {
    return OkStatus();
  }
  return AtSlot(
      slot->config.place, *slot,
      FailedPrecondition("it does not go on writing format " + std::to_string(now->format.writes) +
                         " but " + std::to_string(slot->format.writes)));
}

// The candidate is part of what the others see from here on.
Status ChangeRunner::Describe(Slot* slot) {
  STRATA_RETURN_IF_ERROR(CheckFormat(slot));
  if (Slot* const seen = staged_.Find(slot->config.name); seen != nullptr) {
    *seen = *slot;
  } else {
    staged_.slots.push_back(*slot);
  }
  state_.Stage(staged_);
  STRATA_RETURN_IF_ERROR(DescribeSlot(state_, plan_.to, slot, StartDeadline()));
  staged_.Find(slot->config.name)->service = slot->service;
  return OkStatus();
}

Status ChangeRunner::Reconfigure(PlannedStep& step) {
  monitor_.step("reconfigure " + step.slot);
  Slot* const slot = plan_.to.Find(step.slot);
  const std::shared_ptr<Instance> now = plan_.from->Find(step.slot)->instance;
  const std::string settings = slot->settings;
  const auto answer = RunControl(StartDeadline(), now, shared_, [settings](Instance& instance) {
    return instance.Reconfigure(settings);
  });
  const Status status = answer ? *answer : DeadlineExceeded("reconfigure did not return in time");
  if (status.ok()) {
    slot->instance = now;
    slot->format = plan_.from->Find(step.slot)->format;
    slot->service = plan_.from->Find(step.slot)->service;
    reconfigured_.push_back(step.slot);
    return status;
  }
  if (status.code() != Code::kUnimplemented) return AtSlot(slot->config.place, *slot, status);
  if (step.mode != v1::SWAP_MODE_TRANSFER) return PrepareStep(step);
  return AtSlot(slot->config.place, *slot,
                FailedPrecondition("it takes new settings only where its records are copied"));
}

void ChangeRunner::RestoreSettings() {
  for (const std::string& name : reconfigured_) {
    const Slot* const slot = plan_.from->Find(name);
    const std::string settings = slot->settings;
    const auto answer =
        RunControl(StartDeadline(), slot->instance, shared_,
                   [settings](Instance& instance) { return instance.Reconfigure(settings); });
    if (answer && answer->ok()) continue;
    state_.log.Error("change.settings_not_restored",
                     {{"slot", name}, {"reason", answer ? answer->message() : "no answer"}});
  }
}

Status ChangeRunner::CopyRecords() {
  for (const PlannedStep& step : plan_.steps) {
    if (step.mode != v1::SWAP_MODE_TRANSFER) continue;
    STRATA_RETURN_IF_ERROR(CheckEnded());
    monitor_.step("copy " + step.slot);
    const Slot& now = *plan_.from->Find(step.slot);
    const Slot& next = *plan_.to.Find(step.slot);
    STRATA_ASSIGN_OR_RETURN(auto transfer, state_.make_transfer(state_, now, next));
    transfers_.emplace_back(step.slot, std::move(transfer));
    const Status copied = transfers_.back().second->Copy(monitor_.progress);
    if (!copied.ok()) return AtSlot(next.config.place, next, copied);
  }
  return OkStatus();
}

void ChangeRunner::Discard() {
  RestoreSettings();
  for (auto candidate = candidates_.rbegin(); candidate != candidates_.rend(); ++candidate) {
    Instance& instance = **candidate;
    const Deadline deadline = steady_clock::now() + kDiscardTime;
    if (instance.state() == State::kActive) {
      static_cast<void>(RetireInstance(shared_, *candidate, /*calls_left=*/false));
    } else if (instance.state() >= State::kStarted && instance.state() < State::kActive) {
      DiscardInstance(*candidate, deadline, shared_);
    }
    if (instance.state() == State::kZombie) state_.KeepZombie(*candidate);
  }
}

// ---- the switch --------------------------------------------------------------------------------

void ChangeRunner::Commit(ChangeOutcome* outcome) {
  monitor_.step("switch");
  for (const PlannedStep& step : plan_.steps) {
    const Slot* const now = plan_.from->Find(step.slot);
    Slot* const next = plan_.to.Find(step.slot);
    if (next != nullptr) Remember(step, next);
    if (now == nullptr || now->instance == nullptr) continue;
    if (next == nullptr || next->instance != now->instance) outcome->old.push_back(now->instance);
  }
  std::reverse(outcome->old.begin(), outcome->old.end());
  // Probations may have ended since the plan was made.
  const std::shared_ptr<const Layout> seen = state_.layout();
  for (Slot& slot : plan_.to.slots) {
    const Slot* const now = seen->Find(slot.config.name);
    if (now != nullptr && now->instance == slot.instance) {
      slot.probation_until_us = now->probation_until_us;
    }
  }
  outcome->generation_after = state_.Publish(plan_.to);
  for (const auto& candidate : candidates_) candidate->set_staged(false);
}

// What a rollback would bring back.
void ChangeRunner::Remember(const PlannedStep& step, Slot* slot) const {
  slot->previous = nullptr;
  slot->probation_until_us = 0;
  slot->served_before = slot->stats->Mark();
  const Slot* const now = plan_.from->Find(step.slot);
  if (now == nullptr || now->instance == nullptr) return;
  const auto before = std::make_shared<Slot>(*now);
  before->code = now->instance->spec().plugin;
  before->instance = nullptr;
  before->previous = nullptr;
  before->service.reset();
  before->early = State::kResolved;
  before->probation_until_us = 0;
  slot->previous = before;
}

// ---- after the switch --------------------------------------------------------------------------

bool ChangeRunner::WaitDrained(std::uint64_t last, Deadline deadline, ChangeOutcome* outcome) {
  RouteTable& table = state_.table;
  if (table.WaitDrained(last, std::min(deadline, steady_clock::now() + kEndlessGrace))) return true;
  table.Cancel(last, RouteTable::Ending::kEndless);
  outcome->resumed += state_.hub.CancelGeneration(last, RouteTable::Ending::kEndless);
  return table.WaitDrained(last, deadline);
}

void ChangeRunner::Drain(ChangeOutcome* outcome) {
  monitor_.step("drain");
  RouteTable& table = state_.table;
  const std::uint64_t last = outcome->generation_after - 1;
  const auto in_flight = static_cast<std::uint64_t>(table.InFlightUpTo(last));
  const Deadline deadline = steady_clock::now() + state_.config.drain_timeout;
  if (!WaitDrained(last, deadline, outcome)) {
    outcome->cancelled += static_cast<std::uint64_t>(table.InFlightUpTo(last));
    table.Cancel(last);
    state_.hub.CancelGeneration(last);
    if (!table.WaitDrained(last, steady_clock::now() + kCancelGrace)) {
      outcome->abandoned = static_cast<std::uint64_t>(table.Abandon(last));
    }
  }
  const std::uint64_t told = outcome->resumed + outcome->cancelled;
  outcome->drained += in_flight > told ? in_flight - told : 0;
}

Status RetireInstance(const std::shared_ptr<StackState>& state,
                      const std::shared_ptr<Instance>& instance, bool calls_left) {
  const Deadline deadline = steady_clock::now() + state->config.drain_timeout;
  const auto wait = [&](Deadline) { return !calls_left; };
  const Status status = TakeDown(instance, deadline, wait, state);
  if (instance->state() == State::kZombie) state->KeepZombie(instance);
  if (status.ok()) {
    state->log.Info("slot.retired", {{"slot", instance->slot()}});
  } else {
    state->log.Warning("slot.retired", {{"slot", instance->slot()},
                                        {"state", StateName(instance->state())},
                                        {"reason", status.message()}});
  }
  return status;
}

}  // namespace strata::host
