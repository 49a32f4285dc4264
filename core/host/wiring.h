#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/host/bindings.h"
#include "core/host/manifest.h"
#include "core/host/stack_file.h"

namespace strata::host {

// How the slots of a stack hang together. Slots are named by their position in the stack file.
struct Wiring {
  std::vector<std::vector<Grant>> grants;  // What each may call; slot_number is left at 0.
  std::vector<std::size_t> order;          // Providers before consumers.
  // The slot that callers get who name none; absent: several, and none is the default.
  std::map<std::string, std::size_t, std::less<>> chosen;
};

// Connects what the manifests require. `manifests[i]` belongs to `stack.slots[i]`; null where an
// optional slot has no readable manifest. INVALID_ARGUMENT, each with its place: a binding that the
// plugin does not require, a provider that does not serve the service, a requirement that is not
// bound and has no or several possible providers (or an unreadable slot might be one), a cycle, two
// defaults of one service.
Result<Wiring> Wire(const StackConfig& stack, const std::vector<const Manifest*>& manifests);

// The names of the slots that `slot` cannot run without.
std::vector<std::string> NeededSlots(const Manifest& manifest, const std::vector<Grant>& grants);

}  // namespace strata::host
