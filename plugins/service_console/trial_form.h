#pragma once

#include <string>

#include "plugins/service_console/action_form.h"
#include "plugins/service_console/view.h"

// Starting a trial: a form, a page that says what will happen and asks, and the deed.
namespace strata::console {

Result<Page> TrialFormPage(const View& view, const std::string& slot);
// The form as sent: what will happen, or the form again with what is wrong.
Result<Page> TrialPlanPage(const View& view, const std::string& slot,
                           const web::Parameters& fields);
// Starts it: a redirect to the trial, or the form again when the core refuses.
Result<Page> StartTrial(const View& view, const std::string& slot, const web::Parameters& fields);

}  // namespace strata::console
