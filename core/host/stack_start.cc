#include <map>

#include "core/host/format_control.h"
#include "core/host/slot_build.h"
#include "core/host/slot_control.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

using std::chrono::steady_clock;

// Brings the slots of the stack file up, one after the other, on one thread.
class Starter {
 public:
  explicit Starter(const std::shared_ptr<StackState>& state)
      : shared_(state), state_(*state), layout_(*state->layout()) {}

  Status Run() {
    for (Slot& slot : layout_.slots) {
      STRATA_RETURN_IF_ERROR(
          OrLeaveOut(&slot, OpenSlot(state_, &slot, &packages_[slot.config.name])));
    }
    STRATA_RETURN_IF_ERROR(WireSlots());
    for (Slot& slot : layout_.slots) {
      if (CanGoOn(slot)) STRATA_RETURN_IF_ERROR(OrLeaveOut(&slot, ConfigureSlot(&slot)));
    }
    state_.core = MakeCoreInstance(state_);
    STRATA_RETURN_IF_ERROR(BringUp(state_.core, StartDeadline(), shared_));
    state_.Publish(layout_);
    for (const std::size_t index : layout_.order) {
      Slot& slot = layout_.slots[index];
      if (CanGoOn(slot)) STRATA_RETURN_IF_ERROR(OrLeaveOut(&slot, StartSlot(&slot)));
    }
    for (Slot& slot : layout_.slots) {
      if (slot.running()) STRATA_RETURN_IF_ERROR(OrLeaveOut(&slot, DescribeService(&slot)));
    }
    state_.Publish(layout_);
    return OkStatus();
  }

 private:
  static bool CanGoOn(const Slot& slot) { return slot.failure.empty(); }

  Deadline StartDeadline() const { return steady_clock::now() + state_.config.start_timeout; }

  // The status, unless the slot is optional: then it is left out of the stack.
  Status OrLeaveOut(Slot* slot, const Status& status) {
    if (status.ok()) return status;
    slot->failure = status.message();
    slot->early = State::kFailed;
    state_.Show(layout_);
    state_.log.Write(slot->config.optional ? base::LogLevel::kWarning : base::LogLevel::kError,
                     "slot.failed",
                     std::vector<base::LogField>{{"slot", slot->config.name},
                                                 {"plugin", slot->config.plugin},
                                                 {"optional", slot->config.optional},
                                                 {"code", CodeName(status.code())},
                                                 {"reason", status.message()}});
    return slot->config.optional ? OkStatus() : status;
  }

  Status WireSlots() {
    std::vector<const Manifest*> manifests;
    for (const Slot& slot : layout_.slots) {
      manifests.push_back(slot.manifest ? &*slot.manifest : nullptr);
    }
    STRATA_ASSIGN_OR_RETURN(Wiring wiring, Wire(state_.config, manifests));
    state_.Connect(std::move(wiring), &layout_);
    return OkStatus();
  }

  Status CheckProviders(const Slot& slot) const {
    for (const std::string& needed : NeededSlots(*slot.manifest, slot.grants)) {
      const Slot* const provider = layout_.Find(needed);
      if (needed == kCoreSlot || (provider != nullptr && provider->running())) continue;
      return Unavailable("slot \"" + needed + "\", which it requires, does not run");
    }
    return OkStatus();
  }

  // LOADED to ACTIVE.
  Status StartSlot(Slot* slot) {
    const auto begun = steady_clock::now();
    const Place& place = slot->config.place;
    if (Status s = CheckProviders(*slot); !s.ok()) return AtSlot(place, *slot, s);
    if (Status s = CheckRecorded(state_, *slot); !s.ok()) return AtSlot(place, *slot, s);
    const auto package = packages_.extract(slot->config.name);
    STRATA_RETURN_IF_ERROR(LoadSlot(state_, package.mapped(), slot));
    if (Status s = BringUp(slot->instance, StartDeadline(), shared_); !s.ok()) {
      return AtSlot(place, *slot, s);
    }
    state_.Publish(layout_);
    if (Status s = TakeFormat(slot, StartDeadline(), shared_); !s.ok()) {
      return Undo(slot, AtSlot(place, *slot, s));
    }
    if (slot->format.known()) {
      static_cast<void>(state_.formats.Learn(slot->config.name, slot->format));
    }
    const auto took = std::chrono::duration<double, std::milli>(steady_clock::now() - begun);
    state_.log.Info("slot.active", {{"slot", slot->config.name},
                                    {"plugin", slot->manifest->id},
                                    {"version", slot->manifest->version},
                                    {"digest", slot->digest},
                                    {"took_ms", took.count()}});
    return OkStatus();
  }

  Status DescribeService(Slot* slot) {
    const Status status = DescribeSlot(state_, layout_, slot, StartDeadline());
    return status.ok() ? status : Undo(slot, status);
  }

  // Stops a slot that had been started already.
  Status Undo(Slot* slot, const Status& status) {
    slot->routed = false;
    const std::uint64_t last = state_.Publish(layout_) - 1;
    const Status down = TakeDown(
        slot->instance, steady_clock::now() + std::chrono::seconds(5),
        [&](Deadline deadline) { return state_.table.WaitDrained(last, deadline); }, shared_);
    if (!down.ok())
      state_.log.Warning("slot.stop", {{"slot", slot->config.name}, {"reason", down.message()}});
    return status;
  }

  const std::shared_ptr<StackState>& shared_;
  StackState& state_;
  Layout layout_;                            // What is made.
  std::map<std::string, Package> packages_;  // By slot, until they are loaded.
};

}  // namespace

Status StartSlots(const std::shared_ptr<StackState>& state) {
  const Status status = Starter(state).Run();
  if (!status.ok()) {
    static_cast<void>(StopSlots(state, steady_clock::now() + std::chrono::seconds(5)));
  }
  return status;
}

}  // namespace strata::host
