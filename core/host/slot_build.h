#pragma once

#include "core/base/status.h"
#include "core/host/layout.h"
#include "core/host/package.h"
#include "core/host/slot_control.h"

namespace strata::host {

class StackState;

// The steps from a slot's entry in the stack file to an instance, for the start of a stack and for
// its changes alike. Each error is complete: "stack.yaml:12: slot "x": what is wrong".

// FOUND and VERIFIED: the package of the entry. `slot` gets folder, manifest and digest; also of a
// package that is refused, because wiring must know what it would have been. NOT_FOUND,
// FAILED_PRECONDITION (refusal.h).
Status OpenSlot(const StackState& state, Slot* slot, Package* package);

// RESOLVED: the settings follow the manifest's schema and have its defaults. INVALID_ARGUMENT.
Status ConfigureSlot(Slot* slot);

// LOADED: runs the first code of the package and makes an instance, not created yet. Errors as
// OpenPlugin; UNAVAILABLE: its state folder cannot be made.
Status LoadSlot(const StackState& state, const Package& package, Slot* slot);
// The same with code that was loaded before.
Status InstanceOf(const StackState& state, std::shared_ptr<const strata_plugin> code, Slot* slot);

// Asks a digital service for its routes and menu (nothing for others) until it answers; the call
// enters what is staged, so the slot must be. FAILED_PRECONDITION: a route is another slot's.
Status DescribeSlot(StackState& state, const Layout& layout, Slot* slot, Deadline deadline);

// `status` with place and slot before its message.
Status AtSlot(const Place& place, const Slot& slot, const Status& status);

}  // namespace strata::host
