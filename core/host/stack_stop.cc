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
  if (WaitForRequests(state, deadline)) return;
  const std::size_t left = state.requests.load();
  const std::uint64_t generation = state.table.current();
  state.table.Cancel(generation);
  state.hub.CancelGeneration(generation);
  const bool ended = WaitForRequests(state, steady_clock::now() + kCancelGrace);
  state.log.Warning("stack.cancelled_requests",
                    {{"requests", std::uint64_t{left}}, {"all_ended", ended}});
}

Status StopOne(const std::shared_ptr<StackState>& state, Slot* slot, Deadline deadline) {
  const std::uint64_t last = state->Publish(slot) - 1;
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
  for (auto index = state->order.rbegin(); index != state->order.rend(); ++index) {
    Slot& slot = state->slots[*index];
    if (slot.running()) static_cast<void>(StopOne(state, &slot, deadline));
    if (slot.state() == State::kZombie) zombies.append(" ").append(slot.config.name);
  }
  if (zombies.empty()) return OkStatus();
  return DeadlineExceeded("these slots did not let go:" + zombies);
}

}  // namespace strata::host
