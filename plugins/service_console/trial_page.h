#pragma once

#include <string>
#include <string_view>

#include "plugins/service_console/view.h"

namespace strata::console {

// All trials since the core started; UNIMPLEMENTED of the core is told as such.
Result<Page> TrialsPage(const View& view);
// One trial: how the candidate compares, and where its answers differ. Errors: as Core/WatchTrial.
Result<Page> TrialPage(const View& view, const std::string& id);
Result<LiveUpdate> TrialLive(const View& view, const std::string& id);
// Asks before a trial is ended; does it (a redirect to the trial).
Result<Page> EndTrialPage(const View& view, const std::string& id);
Result<Page> EndTrial(const View& view, const std::string& id);

// Trials that run in a slot; nothing when there are none.
Html TrialsOf(const View& view, std::string_view slot);
std::string TrialPath(std::string_view id, std::string_view below = {});

}  // namespace strata::console
