#pragma once

#include <string>
#include <string_view>

#include "plugins/service_console/view.h"

namespace strata::console {

// The history of all changes, or of those of one slot; UNIMPLEMENTED of the core is told as such.
Result<Page> HistoryPage(const View& view, const std::string& slot);

// One change: what it does, how far it is, what came of it. Errors: as Core/WatchChange.
Result<Page> ChangePage(const View& view, const std::string& id);
Result<LiveUpdate> ChangeLive(const View& view, const std::string& id);
// Asks before a change is ended; does it (a redirect to the change).
Result<Page> EndChangePage(const View& view, const std::string& id);
Result<Page> EndChange(const View& view, const std::string& id);

// A box that names the changes that run or are on probation; nothing when there are none.
Html RunningChanges(const View& view);
// The last few changes of a slot as a table; a remark when the core keeps no history.
Html ChangesOf(const View& view, const std::string& slot, std::uint32_t limit);

// "Swap of hosting".
std::string ChangeTitle(const core::v1::Change& change);
std::string ChangePath(std::string_view id, std::string_view below = {});

// A bar and words for work that takes long; nothing when nothing is known.
Html ProgressBar(const core::v1::Progress& progress, bool copying);

}  // namespace strata::console
