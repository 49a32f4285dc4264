#pragma once

#include <memory>

#include "core/host/change/transfer.h"

namespace strata::move {

// From one hosting plugin to another: storage/replica/mover.h. A side that crashes is waited for.
std::unique_ptr<host::Transfer> MakeHostingTransfer(host::StackState& state, const host::Slot& now,
                                                    const host::Slot& next);

}  // namespace strata::move
