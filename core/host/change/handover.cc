// The switch through a closed gate: nobody is inside while data changes hands.
#include <thread>

#include "core/abi/strata/plugin_extensions.h"
#include "core/host/change/runner.h"
#include "core/host/slot_build.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
using std::chrono::steady_clock;

// The gate is not kept closed longer than this for the requests that are inside.
constexpr std::chrono::milliseconds kMaxWait{2'000};
constexpr int kTries = 3;
constexpr std::chrono::milliseconds kBetweenTries{100};
// What release, acquire and reacquire get each.
constexpr std::chrono::seconds kHandTime{5};

using Hand = strata_code (*strata_ext_handover::*)(void*, strata_status*);

// Calls one function of the plugin's strata.handover/1.
Status CallHand(const std::shared_ptr<StackState>& state, const std::shared_ptr<Instance>& instance,
                const char* name, Hand hand, Deadline latest = Deadline::max()) {
  const auto answer =
      RunControl(std::min(steady_clock::now() + kHandTime, latest), instance, state,
                 [hand, name](Instance& i) -> Status {
                   const auto* const table =
                       static_cast<const strata_ext_handover*>(i.Extension(STRATA_EXT_HANDOVER));
                   if (table == nullptr) return Unimplemented("no " STRATA_EXT_HANDOVER);
                   return i.Control(table->*hand, name);
                 });
  if (!answer) return DeadlineExceeded(std::string(name) + " did not return in time");
  if (answer->ok()) return *answer;
  return {answer->code(), std::string(name) + ": " + answer->message()};
}

}  // namespace

Status ChangeRunner::PassThroughGate(ChangeOutcome* outcome) {
  // Long requests end before anybody has to wait for them: on a generation of their own.
  outcome->generation_after = state_.Publish(*plan_.from);
  Drain(outcome);
  STRATA_RETURN_IF_ERROR(CheckEnded());
  monitor_.step("hand over");
  const auto closed = steady_clock::now();
  Status status = EmptyGate();
  if (status.ok()) status = ChangeHands();
  if (status.ok()) {
    Commit(outcome);
  } else {
    // Endless requests were told to leave the current generation: the next ones get a new one.
    state_.Publish(*plan_.from);
  }
  state_.table.OpenGate();
  hand_over_by_ = Deadline::max();
  outcome->pause_us =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - closed).count();
  return status;
}

// Closes the gate and waits until nobody is inside. On failure it is closed still.
Status ChangeRunner::EmptyGate() {
  RouteTable& table = state_.table;
  const auto wait = std::min(kMaxWait, state_.config.park_timeout / 4);
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) {
      state_.Publish(*plan_.from);
      table.OpenGate();
      std::this_thread::sleep_for(kBetweenTries);
    }
    // Half of the time that requests wait is for the way back.
    hand_over_by_ = steady_clock::now() + state_.config.park_timeout / 2;
    table.CloseGate(WhyGateIsClosed());
    table.Cancel(table.current(), RouteTable::Ending::kEndless);
    state_.hub.CancelGeneration(table.current(), RouteTable::Ending::kEndless);
    if (table.WaitDrained(table.current(), steady_clock::now() + wait)) return OkStatus();
  }
  return DeadlineExceeded("requests in flight did not end within " + std::to_string(wait.count()) +
                          " ms, " + std::to_string(kTries) + " times; nothing was changed");
}

// What those are told who have waited too long.
std::string ChangeRunner::WhyGateIsClosed() const {
  std::string slots;
  for (const PlannedStep& step : plan_.steps) {
    if (step.mode == v1::SWAP_MODE_OVERLAP) continue;
    slots += (slots.empty() ? "slot \"" : ", slot \"") + step.slot + "\"";
  }
  return slots + " is being replaced, which takes longer than requests wait";
}

Status ChangeRunner::ChangeHands() {
  for (const PlannedStep& step : plan_.steps) {
    if (step.mode != v1::SWAP_MODE_HANDOVER || step.action == v1::SlotChange::ACTION_REMOVE) {
      continue;
    }
    Slot* const slot = plan_.to.Find(step.slot);
    const std::shared_ptr<Instance> now = plan_.from->Find(step.slot)->instance;
    if (slot->instance == now) continue;  // It has taken its new settings.
    now->set_staged(true);
    released_.push_back(now);
    Status status = CallHand(shared_, now, "release", &strata_ext_handover::release, hand_over_by_);
    if (status.ok()) {
      slot->instance->set_handover_pending(false);
      status = CallHand(shared_, slot->instance, "acquire", &strata_ext_handover::acquire,
                        hand_over_by_);
    }
    if (status.ok()) status = ProbeInstance(slot->instance, StartDeadline(), shared_);
    if (status.ok()) status = Describe(slot);
    if (!status.ok()) {
      GiveBack();
      return AtSlot(slot->config.place, *slot, status);
    }
  }
  if (const Status status = CutOver(); !status.ok()) {
    GiveBack();
    return status;
  }
  for (const auto& instance : released_) instance->set_staged(false);
  return OkStatus();
}

Status ChangeRunner::CutOver() {
  for (const auto& [name, transfer] : transfers_) {
    const Slot& slot = *plan_.to.Find(name);
    if (const Status status = transfer->Finish(hand_over_by_); !status.ok()) {
      return AtSlot(slot.config.place, slot, status);
    }
  }
  // Before anything is written to the copy only: a core that ends must start on it again.
  return transfers_.empty() ? OkStatus() : monitor_.cut_over();
}

// The old instances get their data back, last released first. All candidates together get a quarter
// of the time that requests wait to let it go; the rest is for taking it up.
void ChangeRunner::GiveBack() {
  const Deadline let_go_by = hand_over_by_ + state_.config.park_timeout / 4;
  for (auto old = released_.rbegin(); old != released_.rend(); ++old) {
    const Slot* const slot = plan_.to.Find((*old)->slot());
    // A candidate that could be probed owns the data; one that could not has let it go already.
    if (slot->instance->state() == State::kActive) {
      static_cast<void>(
          CallHand(shared_, slot->instance, "release", &strata_ext_handover::release, let_go_by));
    } else if (slot->instance->state() == State::kStarted) {
      DiscardInstance(slot->instance, std::min(steady_clock::now() + kHandTime, let_go_by),
                      shared_);
    }
    const Status back = CallHand(shared_, *old, "reacquire", &strata_ext_handover::reacquire);
    static_cast<void>(RunControl(steady_clock::now() + kHandTime, *old, shared_, [](Instance& i) {
      i.PollHealth();
      return OkStatus();
    }));
    (*old)->set_staged(false);
    if (back.ok()) continue;
    (*old)->PushHealth(STRATA_UNAVAILABLE, "its data was not given back: " + back.message());
    state_.log.Error("change.not_given_back",
                     {{"slot", (*old)->slot()}, {"reason", back.message()}});
  }
}

}  // namespace strata::host
