#pragma once

#include "core/base/form.h"
#include "plugins/service_console/view.h"

// Makes the running stack equal to a stack file, in three steps: a form for the file, a page that
// shows the difference and asks, and the deed. Pure but for calls of the core; untrusted text.
namespace strata::console {

Result<Page> ApplyPage(const View& view);
// The form as sent: the difference, or the form again with what is wrong.
Result<Page> ApplyPlanPage(const View& view, const web::Parameters& fields);
// Does it: a redirect to the change, or the difference again when the core refuses or the stack is
// another by now.
Result<Page> DoApply(const View& view, const web::Parameters& fields);

}  // namespace strata::console
