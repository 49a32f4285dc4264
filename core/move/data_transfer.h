#pragma once

#include <memory>

#include "core/host/change/transfer.h"

namespace strata::move {

// From one data plugin to another, each with a store of its own: data_mover.h. A side that crashes
// is waited for.
std::unique_ptr<host::Transfer> MakeDataTransfer(host::StackState& state, const host::Slot& now,
                                                 const host::Slot& next);

}  // namespace strata::move
