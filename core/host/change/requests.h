#pragma once

#include "core/base/status.h"
#include "core/host/change/plan.h"
#include "core/host/layout.h"
#include "strata/core/v1/core.pb.h"

namespace strata::host {

class StackState;

// What the RPCs of strata.core.v1 ask for, as a whole stack that is wanted. Errors as there.
Result<Wanted> WantedBySwap(const StackState& state, const Layout& now,
                            const core::v1::SwapRequest& request);
Result<Wanted> WantedByMove(const StackState& state, const Layout& now,
                            const core::v1::MoveHostingRequest& request);
// A data slot with another store, and perhaps another plugin.
Result<Wanted> WantedByMoveData(const StackState& state, const Layout& layout,
                                const core::v1::MoveDataRequest& request);
Result<Wanted> WantedByRollback(const Layout& now, const core::v1::RollbackRequest& request);
// `warnings`: what the file says that only a restart can do.
Result<Wanted> WantedByApply(const StackState& state, const core::v1::ApplyRequest& request,
                             std::vector<std::string>* warnings);

// The stack before `changes`, in all that they touched: what takes them back.
Wanted WantedBefore(const Layout& now, const Layout& before,
                    const std::vector<core::v1::SlotChange>& changes);

// The slot of that name. NOT_FOUND with the name that was probably meant.
Result<const Slot*> FindSlot(const Layout& layout, const std::string& name);

// `patch` merged into `base`, both JSON objects (RFC 7396). INVALID_ARGUMENT: `patch` is none.
Result<std::string> MergeSettings(const std::string& base, const std::string& patch);

}  // namespace strata::host
