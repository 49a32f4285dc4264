#include "core/host/change/runner.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/abi/strata/plugin_extensions.h"
#include "core/host/change/mode.h"
#include "core/host/format_control.h"
#include "core/host/slot_build.h"
#include "core/host/stack_state.h"
#include "core/sdk/strata/abi.h"

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
                           ChangeMonitor monitor, std::optional<CanaryOrder> canary)
    : shared_(std::move(state)),
      state_(*shared_),
      plan_(std::move(plan)),
      monitor_(std::move(monitor)),
      canary_order_(std::move(canary)),
      staged_(*plan_.from) {
  // What it does is not counted as the slot's: the two are compared.
  if (canary_order_) plan_.to.Find(plan_.steps.front().slot)->stats = canary_order_->candidate;
}

ChangeRunner::~ChangeRunner() = default;

Deadline ChangeRunner::StartDeadline() const {
  return std::min(steady_clock::now() + state_.config.start_timeout, hand_over_by_);
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
  if (status.ok() && canary_order_) status = CheckCanary();
  if (status.ok()) {
    if (canary_order_) {
      CommitCanary(outcome);
    } else if (NeedsGate()) {
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
                FailedPrecondition("it does not take these settings while it runs; " +
                                   std::string(kCopyInstead) + step.slot));
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
    if (next != nullptr && next->instance == now->instance) continue;
    outcome->old.push_back(now->instance);
    if (now->canary != nullptr) outcome->old.push_back(now->canary->candidate().instance);
  }
  std::reverse(outcome->old.begin(), outcome->old.end());
  // Probations and canaries may have ended since the plan was made.
  const std::shared_ptr<const Layout> seen = state_.layout();
  for (Slot& slot : plan_.to.slots) {
    const Slot* const now = seen->Find(slot.config.name);
    slot.canary = nullptr;
    if (now != nullptr && now->instance == slot.instance) {
      slot.probation_until_us = now->probation_until_us;
      slot.canary = now->canary;
    }
  }
  outcome->generation_after = state_.Publish(plan_.to);
  for (const auto& candidate : candidates_) candidate->set_staged(false);
}

// A request goes to either of the two without anybody but the core knowing.
Status ChangeRunner::CheckCanary() const {
  const std::string& name = plan_.steps.front().slot;
  const Slot& live = *plan_.from->Find(name);
  const Slot& candidate = *plan_.to.Find(name);
  for (std::uint32_t i = 0; i < live.instance->method_count(); ++i) {
    const strata_method& method = live.instance->method(i);
    const std::int32_t index = candidate.instance->MethodIndex(abi::View(method.full_name));
    const std::string shown(abi::View(method.full_name));
    if (index < 0) return FailedPrecondition("the candidate does not implement " + shown);
    if (candidate.instance->method(static_cast<std::uint32_t>(index)).kind != method.kind) {
      return FailedPrecondition("the candidate streams " + shown + " in another way");
    }
  }
  if (!live.service) return OkStatus();
  for (const HttpRoute& route : live.service->routes) {
    const bool served = candidate.service &&
                        std::any_of(candidate.service->routes.begin(),
                                    candidate.service->routes.end(), [&](const HttpRoute& r) {
                                      return r.path == route.path && r.audience == route.audience;
                                    });
    if (!served) return FailedPrecondition("the candidate does not serve the route " + route.path);
  }
  return OkStatus();
}

void ChangeRunner::CommitCanary(ChangeOutcome* outcome) {
  monitor_.step("switch");
  Layout layout = *state_.layout();
  const Slot& candidate = *plan_.to.Find(plan_.steps.front().slot);
  Slot* const live = layout.Find(candidate.config.name);
  SlotRoute live_route;
  SlotRoute route;
  live_route.instance = live->instance;
  route.instance = candidate.instance;
  canary_ = std::make_shared<const Canary>(live_route, std::move(route), *canary_order_);
  live->canary = canary_;
  outcome->generation_after = state_.Publish(layout);
  for (const auto& instance : candidates_) instance->set_staged(false);
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
  before->canary = nullptr;
  before->service.reset();
  before->early = State::kResolved;
  before->probation_until_us = 0;
  slot->previous = before;
}

// ---- after the switch --------------------------------------------------------------------------

namespace {

bool WaitDrained(StackState& state, std::uint64_t last, Deadline deadline, ChangeOutcome* outcome) {
  RouteTable& table = state.table;
  if (table.WaitDrained(last, std::min(deadline, steady_clock::now() + kEndlessGrace))) return true;
  table.Cancel(last, RouteTable::Ending::kEndless);
  outcome->resumed += state.hub.CancelGeneration(last, RouteTable::Ending::kEndless);
  return table.WaitDrained(last, deadline);
}

}  // namespace

void DrainGenerations(StackState& state, std::uint64_t generation, ChangeOutcome* outcome) {
  RouteTable& table = state.table;
  const auto in_flight = static_cast<std::uint64_t>(table.InFlightUpTo(generation));
  const Deadline deadline = steady_clock::now() + state.config.drain_timeout;
  if (!WaitDrained(state, generation, deadline, outcome)) {
    outcome->cancelled += static_cast<std::uint64_t>(table.InFlightUpTo(generation));
    table.Cancel(generation);
    state.hub.CancelGeneration(generation);
    if (!table.WaitDrained(generation, steady_clock::now() + kCancelGrace)) {
      outcome->abandoned = static_cast<std::uint64_t>(table.Abandon(generation));
    }
  }
  const std::uint64_t told = outcome->resumed + outcome->cancelled;
  outcome->drained += in_flight > told ? in_flight - told : 0;
}

void ChangeRunner::Drain(ChangeOutcome* outcome) {
  monitor_.step("drain");
  DrainGenerations(state_, outcome->generation_after - 1, outcome);
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
