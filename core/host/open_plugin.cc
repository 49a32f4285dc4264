#include "core/host/open_plugin.h"

#include "core/host/module.h"
#include "core/host/stack_state.h"

namespace strata::host {

Result<std::shared_ptr<const strata_plugin>> OpenPlugin(const SlotConfig&, const Package& package,
                                                        const StackState& state) {
  STRATA_ASSIGN_OR_RETURN(const strata_plugin* const plugin, LoadModule(package, state.StoreDir()));
  // Loaded code is never unloaded: nobody owns it.
  return std::shared_ptr<const strata_plugin>(std::shared_ptr<const void>(), plugin);
}

}  // namespace strata::host
