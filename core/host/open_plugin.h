#pragma once

#include <memory>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/status.h"
#include "core/host/package.h"
#include "core/host/stack_file.h"

namespace strata::host {

class StackState;

// Where a verified package becomes a vtable, for a slot that starts and for one that is changed:
// how the slot's code is run (in this process or in one of its own) is decided here and nowhere
// else. Runs the plugin's first code. The vtable lives as long as anybody holds the pointer: each
// instance does. Blocks. Errors as LoadModule; nothing is left behind.
Result<std::shared_ptr<const strata_plugin>> OpenPlugin(const SlotConfig& slot,
                                                        const Package& package,
                                                        const StackState& state);

}  // namespace strata::host
