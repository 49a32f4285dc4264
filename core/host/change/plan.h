#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/host/layout.h"
#include "core/host/package.h"
#include "strata/core/v1/core.pb.h"

namespace strata::host {

class StackState;

// Where settings alone cannot be changed; the slot's name follows.
inline constexpr std::string_view kCopyInstead =
    "records are copied to a store with other settings by strata swap ";

// What a slot is to be after a change.
struct WantedSlot {
  SlotConfig config;
  // As it is now; its package is not looked at.
  bool keep = false;
  // Replaced even if nothing differs: somebody asked for it.
  bool always = false;
  // What is brought back: if its package has changed on disk, the code that was loaded then counts.
  std::shared_ptr<const Slot> back_to;
};

// A change as it is asked for: every slot of the stack that is to be, in order.
struct Wanted {
  std::vector<WantedSlot> slots;
  // By slot, where somebody chose: else the best that the plugins support.
  std::map<std::string, core::v1::SwapMode, std::less<>> modes;
  std::string name = "the change";  // For messages: "swap", "stack.yaml".
};

// One slot's part of a change.
struct PlannedStep {
  std::string slot;
  core::v1::SlotChange::Action action = core::v1::SlotChange::ACTION_UNSPECIFIED;
  core::v1::SwapMode mode = core::v1::SWAP_MODE_UNSPECIFIED;
  Package package;                            // What is loaded, or
  std::shared_ptr<const strata_plugin> code;  // code that is loaded already.
};

// A sound change: it can be carried out as long as `from` is what runs.
struct ChangePlan {
  std::shared_ptr<const Layout> from;
  Layout to;  // Slots of steps have no instance yet; the others have the one that runs.
  std::vector<PlannedStep> steps;  // Providers before consumers, what is removed last.
  core::v1::Plan shown;
};

// Finds out what leads from what runs to `wanted`; verifies packages, settings and wiring as a
// start would, and runs no code of a plugin. Blocks on files. INVALID_ARGUMENT: the settings, the
// stack file or the mode are wrong; NOT_FOUND: no such package; FAILED_PRECONDITION: a package was
// refused, or the plugins do not fit.
Result<ChangePlan> PlanChange(StackState& state, const Wanted& wanted);

// What runs, ran or is to run in a slot, and in which format it keeps `stored`.
void FillOccupant(const Slot& slot, core::v1::Occupant* to);
void FillFormat(const StoredFormat& stored, const DeclaredFormats& plugin,
                core::v1::StoredFormat* to);

// Everything as it is, to be changed by the caller.
Wanted AsItIs(const Layout& layout);

}  // namespace strata::host
