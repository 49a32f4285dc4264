#pragma once

#include "plugins/service_console/view.h"

namespace strata::console {

// The stack as it runs: how it is, what is being changed, the picture. Errors: as Core/Status.
Result<Page> StackPage(const View& view);
// What of it follows the stack.
Result<Html> StackLive(const View& view);

// The packages that can be loaded and why others cannot. Errors: as Core/ListPlugins.
Result<Page> PackagesPage(const View& view);

}  // namespace strata::console
