#pragma once

#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/host/layout.h"
#include "strata/core/v1/core.pb.h"

namespace strata::host {

// How `now` can be replaced by `next`:
//   OVERLAP   both serve for a moment: what keeps no records of its own;
//   HANDOVER  one owner at a time: the same plugin on the same data, which offers
//   strata.handover/1; TRANSFER  the records are copied: any other plugin that keeps records.
// A plugin keeps records when it is of the hosting layer and not built on another slot of it.
// `settings`: names of those that differ. `asked` UNSPECIFIED takes the best; another one is
// checked: FAILED_PRECONDITION says why it would lose data or cannot be done.
Result<core::v1::SwapMode> ChooseMode(const Slot& now, const Slot& next,
                                      const std::vector<std::string>& settings,
                                      core::v1::SwapMode asked);

// Whether records would be lost if it were replaced without handing them over.
bool KeepsRecords(const Slot& slot);

// Whether both are data plugins and are built on different hosting slots: what the one keeps, the
// other does not have.
bool ChangesStore(const Slot& now, const Slot& next);

// Top-level settings that differ between two configurations (JSON objects).
std::vector<std::string> ChangedSettings(const std::string& a, const std::string& b);

}  // namespace strata::host
