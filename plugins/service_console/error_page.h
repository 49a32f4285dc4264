#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/service_console/page.h"

// What went wrong, in plain words with what to do.
namespace strata::console {

// Whether the core says no to what was asked, so that the operator can ask for something else.
bool IsRefusal(const Status& status);
// The core's own message, and what to do about it.
std::string InWords(const Status& status);

// The one table from status codes to pages.
Page ErrorPage(const Status& status, std::string_view request_id);
Page PageNotFound();
// A form without a valid token.
Page ForgedPage();

}  // namespace strata::console
