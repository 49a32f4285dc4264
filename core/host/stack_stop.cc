#include "core/host/slot_control.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

using std::chrono::steady_clock;

// Requests that do not end by themselves get this long after they were cancelled.
constexpr std::chrono::seconds kCancelGrace{2};

bool WaitForRequests(StackState& state, Deadline deadline) {
  const base::MutexLock lock(state.stop_mutex);
  while (state.requests.load() != 0) {
    if (!state.request_ended.WaitUntil(state.stop_mutex, deadline) &&
        steady_clock::now() >= deadline) {
      return state.requests.load() == 0;
    }
  }
  return true;
}

void EndRequests(StackState& state, Deadline deadline) {
  // What has no end of its own is not waited for.
  state.table.Cancel(RouteTable::kEverything, RouteTable::Ending::kEndless);
  state.hub.CancelGeneration(RouteTable::kEverything, RouteTable::Ending::kEndless);
  if (WaitForRequests(state, deadline)) return;
  const std::size_t left = state.requests.load();
  state.table.Cancel(RouteTable::kEverything);
  state.hub.CancelGeneration(RouteTable::kEverything);
  const bool ended = WaitForRequests(state, steady_clock::now() + kCancelGrace);
  state.log.Warning("stack.cancelled_requests",
                    {{"requests", std::uint64_t{left}}, {"all_ended", ended}});
}

Status StopOne(const std::shared_ptr<StackState>& state, Layout* layout, Slot* slot,
               Deadline deadline) {
  slot->routed = false;
  const std::uint64_t last = state->Publish(*layout) - 1;
  const Status status = TakeDown(
      slot->instance, deadline,
      [&](Deadline until) { return state->table.WaitDrained(last, until); }, state);
  if (status.ok()) {
    state->log.Info("slot.stopped", {{"slot", slot->config.name}});
  } else {
    state->log.Warning("slot.stopped", {{"slot", slot->config.name},
                                        {"state", StateName(slot->state())},
                                        {"reason", status.message()}});
  }
  return status;
}

}  // namespace

Status StopSlots(const std::shared_ptr<StackState>& state, Deadline deadline) {
  state->stopping.store(true);
  state->table.CloseIngress();
  EndRequests(*state, deadline);
  std::string zombies;
  Layout layout = *state->layout();
  for (auto index = layout.order.rbegin(); index != layout.order.rend(); ++index) {
    Slot& slot = layout.slots[*index];
    if (slot.running()) static_cast<void>(StopOne(state, &layout, &slot, deadline));
    if (slot.state() == State::kZombie) zombies.append(" ").append(slot.config.name);
  }
  if (const std::size_t more = state->zombies(); more > 0) {
    zombies.append(" (and ").append(std::to_string(more)).append(" that were replaced)");
  }
  if (zombies.empty()) return OkStatus();
  return DeadlineExceeded("these slots did not let go:" + zombies);
}

}  // namespace strata::host
