#include "core/host/change/plan.h"

#include <algorithm>
#include <utility>

#include "core/host/change/mode.h"
#include "core/host/format_control.h"
#include "core/host/slot_build.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
using v1::SlotChange;

bool SamePackage(const Slot& a, const Slot& b) {
  return a.manifest && b.manifest && a.manifest->id == b.manifest->id &&
         a.manifest->version == b.manifest->version && a.manifest->files == b.manifest->files &&
         a.package_dir == b.package_dir && a.config.run == b.config.run;
}

bool SameGrants(const std::vector<Grant>& a, const std::vector<Grant>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Grant& x, const Grant& y) {
    return x.binding == y.binding && x.service == y.service && x.slot == y.slot;
  });
}

class Planner {
 public:
  Planner(StackState& state, const Wanted& wanted) : state_(state), wanted_(wanted) {
    out_.from = state.layout();
  }

  Result<ChangePlan> Run() {
    for (const WantedSlot& slot : wanted_.slots) STRATA_RETURN_IF_ERROR(Open(slot));
    STRATA_RETURN_IF_ERROR(WireSlots());
    for (std::size_t i = 0; i < wanted_.slots.size(); ++i) {
      STRATA_RETURN_IF_ERROR(Configure(wanted_.slots[i], &out_.to.slots[i]));
    }
    for (const std::size_t i : out_.to.order) STRATA_RETURN_IF_ERROR(Compare(i));
    AddRemovals();
    return std::move(out_);
  }

 private:
  const Slot* Now(const std::string& name) const { return out_.from->Find(name); }

  Status Open(const WantedSlot& wanted) {
    const Slot* const now = Now(wanted.config.name);
    Slot& slot = out_.to.slots.emplace_back();
    packages_.emplace_back();
    if (wanted.keep && now != nullptr) {
      slot = *now;
      return OkStatus();
    }
    slot.config = wanted.config;
    slot.number = state_.NumberOf(slot.config.name);
    if (now != nullptr) slot.stats = now->stats;
    const Status opened = OpenSlot(state_, &slot, &packages_.back());
    if (wanted.back_to == nullptr) return opened;
    if (opened.ok() && slot.digest == wanted.back_to->digest) return opened;
    return UseLoadedCode(*wanted.back_to, &slot);
  }

  // The way back must not depend on a folder that was overwritten since.
  Status UseLoadedCode(const Slot& before, Slot* slot) {
    if (before.code == nullptr) {
      return AtSlot(wanted_.name, *slot,
                    FailedPrecondition("the package " + before.package_dir + " has changed"));
    }
    slot->manifest = before.manifest;
    slot->package_dir = before.package_dir;
    slot->digest = before.digest;
    slot->early = State::kVerified;
    slot->code = before.code;
    out_.shown.add_warnings("Slot " + slot->config.name + ": the package " + before.package_dir +
                            " has changed on disk; the code that was loaded from it is used.");
    return OkStatus();
  }

  Status WireSlots() {
    StackConfig config = state_.config;
    config.slots.clear();
    std::vector<const Manifest*> manifests;
    for (const Slot& slot : out_.to.slots) {
      config.slots.push_back(slot.config);
      manifests.push_back(slot.manifest ? &*slot.manifest : nullptr);
    }
    STRATA_ASSIGN_OR_RETURN(Wiring wiring, Wire(config, manifests));
    state_.Connect(std::move(wiring), &out_.to);
    return OkStatus();
  }

  static Status Configure(const WantedSlot& wanted, Slot* slot) {
    if (wanted.keep || slot->instance != nullptr) return OkStatus();
    return ConfigureSlot(slot);
  }

  // What has to happen to one slot, if anything.
  Status Compare(std::size_t index) {
    Slot& slot = out_.to.slots[index];
    const WantedSlot& wanted = wanted_.slots[index];
    const Slot* const now = Now(slot.config.name);
    const bool runs = now != nullptr && now->running();
    const bool rewired = runs && !SameGrants(now->grants, slot.grants);
    if (wanted.keep && !rewired) return OkStatus();
    std::vector<std::string> settings;
    SlotChange::Action action = SlotChange::ACTION_ADD;
    if (runs) {
      settings = ChangedSettings(now->settings, slot.settings);
      action = ActionFor(*now, slot, wanted.always, rewired, !settings.empty());
    }
    if (action == SlotChange::ACTION_UNSPECIFIED) {  // Nothing differs but, perhaps, its place.
      const SlotConfig config = slot.config;
      slot = *now;
      slot.config = config;
      return OkStatus();
    }
    if (slot.instance != nullptr) STRATA_RETURN_IF_ERROR(Reopen(index));
    return AddStep(index, action, now, settings);
  }

  static SlotChange::Action ActionFor(const Slot& now, const Slot& next, bool always, bool rewired,
                                      bool settings) {
    if (always || !SamePackage(now, next)) return SlotChange::ACTION_SWAP;
    if (rewired) return SlotChange::ACTION_REWIRE;
    return settings ? SlotChange::ACTION_RECONFIGURE : SlotChange::ACTION_UNSPECIFIED;
  }

  // A slot that was to be kept is connected anew: a new instance of the same package.
  Status Reopen(std::size_t index) {
    Slot& slot = out_.to.slots[index];
    slot.code = slot.instance->spec().plugin;
    slot.instance = nullptr;
    slot.service.reset();
    slot.early = State::kResolved;
    return OkStatus();
  }

  Status AddStep(std::size_t index, SlotChange::Action action, const Slot* now,
                 const std::vector<std::string>& settings) {
    Slot& slot = out_.to.slots[index];
    const auto asked = wanted_.modes.find(slot.config.name);
    v1::SwapMode mode = asked != wanted_.modes.end() ? asked->second : v1::SWAP_MODE_UNSPECIFIED;
    if (action == SlotChange::ACTION_ADD) {
      mode = v1::SWAP_MODE_OVERLAP;
    } else {
      const auto chosen = ChooseMode(*now, slot, settings, mode);
      if (!chosen.ok()) return AtSlot(wanted_.name, slot, chosen.status());
      mode = *chosen;
      if (mode == v1::SWAP_MODE_TRANSFER && action != SlotChange::ACTION_RECONFIGURE) {
        STRATA_RETURN_IF_ERROR(CheckTransfer(slot));
      }
    }
    STRATA_RETURN_IF_ERROR(CheckFormat(now, slot, mode));
    PlannedStep& step = out_.steps.emplace_back();
    step.slot = slot.config.name;
    step.action = action;
    step.mode = mode;
    step.package = std::move(packages_[index]);
    step.code = std::exchange(slot.code, nullptr);
    SlotChange* const shown = out_.shown.add_slots();
    shown->set_slot(step.slot);
    shown->set_action(action);
    shown->set_mode(mode);
    if (now != nullptr) FillOccupant(*now, shown->mutable_from());
    FillOccupant(slot, shown->mutable_to());
    for (const std::string& name : settings) shown->add_settings(name);
    ShowFormats(now, slot, mode, shown);
    Warn(step, slot);
    return OkStatus();
  }

  Status CheckTransfer(const Slot& slot) const {
    if (state_.make_transfer != nullptr) return OkStatus();
    return AtSlot(
        wanted_.name, slot,
        FailedPrecondition("its records would have to be copied to the new plugin, which this core "
                           "cannot do; nothing was changed"));
  }

  // Copied records are written anew; all others are left as they are stored.
  Status CheckFormat(const Slot* now, const Slot& slot, v1::SwapMode mode) const {
    if (mode == v1::SWAP_MODE_TRANSFER) return OkStatus();
    const bool known = now != nullptr && now->running() && now->format.known();
    const Status status =
        known ? CheckCanTake(now->format, PluginOf(slot),
                             slot.manifest ? slot.manifest->formats : DeclaredFormats())
              : CheckRecorded(state_, slot);
    return status.ok() ? status : AtSlot(wanted_.name, slot, status);
  }

  void ShowFormats(const Slot* now, const Slot& slot, v1::SwapMode mode, SlotChange* shown) {
    if (now == nullptr || !now->format.known() || !slot.manifest) return;
    const DeclaredFormats& next = slot.manifest->formats;
    FillFormat(now->format, now->manifest->formats, shown->mutable_format_from());
    if (mode == v1::SWAP_MODE_TRANSFER) return;  // It will say itself in which format it writes.
    FillFormat(now->format, next, shown->mutable_format_to());
    if (next.newest() <= now->format.writes) return;
    out_.shown.add_warnings("Slot " + shown->slot() + " goes on writing format " +
                            std::to_string(now->format.writes) + ", so that a rollback works; " +
                            "format " + std::to_string(next.newest()) +
                            " is written after strata commit-format " + shown->slot() + ".");
  }

  void Warn(const PlannedStep& step, const Slot& slot) {
    if (step.mode == v1::SWAP_MODE_HANDOVER) {
      out_.shown.add_warnings(
          "Requests wait while the stored data of slot " + step.slot +
          " changes hands: for as long as the requests in flight then and its start take.");
    }
    if (step.mode != v1::SWAP_MODE_TRANSFER) return;
    if (step.action == SlotChange::ACTION_RECONFIGURE) {
      out_.shown.add_warnings("Slot " + step.slot +
                              " must take these settings while it runs. Where it does not, " +
                              std::string(kCopyInstead) + step.slot + ".");
    }
    if (slot.manifest && !slot.manifest->formats.declared() &&
        slot.manifest->requirements.empty()) {
      out_.shown.add_warnings("Slot " + step.slot + ": " + slot.manifest->id +
                              " declares no stored format. Unless it keeps the records elsewhere, "
                              "they are gone when the core stops.");
    }
  }

  void AddRemovals() {
    for (auto index = out_.from->order.rbegin(); index != out_.from->order.rend(); ++index) {
      const Slot& slot = out_.from->slots[*index];
      if (out_.to.Find(slot.config.name) != nullptr) continue;
      PlannedStep& step = out_.steps.emplace_back();
      step.slot = slot.config.name;
      step.action = SlotChange::ACTION_REMOVE;
      step.mode = v1::SWAP_MODE_OVERLAP;
      SlotChange* const shown = out_.shown.add_slots();
      shown->set_slot(step.slot);
      shown->set_action(step.action);
      FillOccupant(slot, shown->mutable_from());
      out_.shown.add_warnings("Slot " + step.slot + " is removed; what it keeps in " +
                              state_.SlotStateDir(slot) + " stays there.");
    }
  }

  StackState& state_;
  const Wanted& wanted_;
  ChangePlan out_;
  std::vector<Package> packages_;  // By position of the slot.
};

}  // namespace

Result<ChangePlan> PlanChange(StackState& state, const Wanted& wanted) {
  return Planner(state, wanted).Run();
}

void FillOccupant(const Slot& slot, v1::Occupant* to) {
  to->set_plugin(slot.manifest ? slot.manifest->id : slot.config.plugin);
  if (slot.manifest) to->set_version(slot.manifest->version);
  to->set_digest(slot.digest);
  to->set_package(slot.package_dir);
  to->set_isolation(std::string(ModeName(slot.config.run.mode)));
}

void FillFormat(const StoredFormat& stored, const DeclaredFormats& plugin, v1::StoredFormat* to) {
  to->set_name(stored.name);
  to->set_on_disk(stored.lowest);
  to->set_writes(stored.writes);
  to->set_read_min(plugin.reads.front());
  to->set_read_max(plugin.reads.back());
  to->set_newest(plugin.newest());
}

Wanted AsItIs(const Layout& layout) {
  Wanted out;
  for (const Slot& slot : layout.slots) {
    WantedSlot& wanted = out.slots.emplace_back();
    wanted.config = slot.config;
    wanted.keep = true;
  }
  return out;
}

}  // namespace strata::host
