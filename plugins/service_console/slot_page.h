#pragma once

#include <string>

#include "plugins/service_console/view.h"

namespace strata::console {

// One slot: what runs in it and how, what can be done, what was done. NOT_FOUND: no such slot.
Result<Page> SlotPage(const View& view, const std::string& name);
// What of it follows the stack.
Result<Html> SlotLive(const View& view, const std::string& name);

}  // namespace strata::console
