#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/form.h"
#include "plugins/service_console/action_form.h"
#include "plugins/service_console/view.h"

// What an operator can do to a slot, each in three steps: a form (where there is something to say),
// a page that shows the core's plan and asks, and the deed.
namespace strata::console {

struct Action {
  std::string_view name;     // in addresses: "swap"
  std::string_view title;    // "Swap the plugin"
  std::string_view deed;     // on the button: "Swap now"
  std::string_view meaning;  // a sentence above the form
  Ability ability;
  bool has_form;
  Result<core::v1::ChangeResponse> (*ask)(const View& view, const ActionForm& form, bool plan_only);
};

std::span<const Action> Actions();
// Null when there is none of that name.
const Action* FindAction(std::string_view name);

// Whether that is a thing to do with such a slot at all, and why it cannot be done now; empty when
// it can.
bool Applies(const Action& action, const core::v1::Slot& slot);
std::string WhyNot(const View& view, const Action& action, const core::v1::Slot& slot);

// The first page: the form, or the plan where there is nothing to say. NOT_FOUND: no such slot.
Result<Page> ActionPage(const View& view, const Action& action, const std::string& slot);
// The form as sent: the plan, or the form again with what is wrong.
Result<Page> PlanPage(const View& view, const Action& action, const std::string& slot,
                      const web::Parameters& fields);
// Does it: a redirect to the change, or the plan again when the core refuses or the stack is
// another by now.
Result<Page> DoAction(const View& view, const Action& action, const std::string& slot,
                      const web::Parameters& fields);

}  // namespace strata::console
