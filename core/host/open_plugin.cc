#include "core/host/open_plugin.h"

#include "core/host/isolation.h"
#include "core/host/module.h"
#include "core/host/stack_state.h"

// The contracts that the core serves; embedded by CMakeLists.txt.
extern "C" const char strata_contracts_protoset[];
extern "C" const char strata_contracts_protoset_end[];

namespace strata::host {
namespace {

using Plugin = std::shared_ptr<const strata_plugin>;

Result<Plugin> OpenOutside(const SlotConfig& slot, const Package& package,
                           const StackState& state) {
  Isolation* const isolation = state.options.isolation;
  if (isolation == nullptr) {
    return FailedPrecondition("this program runs plugins in its own process only");
  }
  OutsideRequest request{slot, package, {}, {}, {}, {}, {}};
  if (slot.run.mode == RunConfig::Mode::kProcess) {
    STRATA_ASSIGN_OR_RETURN(request.image, StoreImage(package, state.StoreDir()));
  }
  request.state_dir = state.DataDir() + "/slots/" + slot.name;
  request.base_dir = state.config.base_dir;
  request.data_dir = state.DataDir();
  request.contracts = {
      strata_contracts_protoset,
      static_cast<std::size_t>(strata_contracts_protoset_end - strata_contracts_protoset)};
  request.start_timeout = state.config.start_timeout;
  STRATA_ASSIGN_OR_RETURN(Plugin plugin, isolation->Open(request));
  STRATA_RETURN_IF_ERROR(CheckVtable(package.dir, package.manifest, plugin.get()));
  return plugin;
}

}  // namespace

Result<Plugin> OpenPlugin(const SlotConfig& slot, const Package& package, const StackState& state) {
  if (slot.run.mode != RunConfig::Mode::kInProcess) return OpenOutside(slot, package, state);
  STRATA_ASSIGN_OR_RETURN(const strata_plugin* const plugin, LoadModule(package, state.StoreDir()));
  // Loaded code is never unloaded: nobody owns it.
  return Plugin(std::shared_ptr<const void>(), plugin);
}

}  // namespace strata::host
