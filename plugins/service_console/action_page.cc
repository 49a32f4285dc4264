#include "plugins/service_console/action_page.h"

#include <algorithm>
#include <array>

#include "plugins/service_console/change_page.h"
#include "plugins/service_console/error_page.h"
#include "plugins/service_console/plan.h"
#include "plugins/service_console/session.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

Result<v1::ChangeResponse> AskSwap(const View& view, const ActionForm& form, bool plan_only) {
  v1::SwapRequest request;
  request.set_slot(form.slot);
  request.set_package(form.chosen());
  request.set_mode(ModeOf(form));
  request.set_plan_only(plan_only);
  request.set_config_json(form.config);
  request.set_isolation(form.isolation);
  if (const auto seconds = ProbationOf(form)) request.set_probation_s(*seconds);
  if (!plan_only) request.set_request_id(form.request_id);
  return view.core.Swap(view.cx, request);
}

Result<v1::ChangeResponse> AskRollback(const View& view, const ActionForm& form, bool plan_only) {
  v1::RollbackRequest request;
  request.set_slot(form.slot);
  request.set_plan_only(plan_only);
  if (!plan_only) request.set_request_id(form.request_id);
  return view.core.Rollback(view.cx, request);
}

Result<v1::ChangeResponse> AskMove(const View& view, const ActionForm& form, bool plan_only) {
  v1::MoveHostingRequest request;
  request.set_slot(form.slot);
  request.set_package(form.chosen());
  request.set_config_json(form.config);
  request.set_plan_only(plan_only);
  if (!plan_only) request.set_request_id(form.request_id);
  return view.core.Move(view.cx, request);
}

Result<v1::ChangeResponse> AskFormat(const View& view, const ActionForm& form, bool plan_only) {
  v1::CommitFormatRequest request;
  request.set_slot(form.slot);
  request.set_plan_only(plan_only);
  if (!plan_only) request.set_request_id(form.request_id);
  return view.core.CommitFormat(view.cx, request);
}

constexpr std::array<Action, 4> kActions = {
    {{"swap", "Swap the plugin", "Swap now",
      "Another plugin, another version or other settings take over while the stack serves. No "
      "request "
      "is lost.",
      Ability::kSwap, true, &AskSwap},
     {"rollback", "Roll back", "Roll back now",
      "What ran in the slot before its last change comes back.", Ability::kRollback, false,
      &AskRollback},
     {"move", "Move the rows", "Move now",
      "All rows are copied to another hosting plugin while the stack serves, followed, compared "
      "and cut "
      "over. The old ones stay, read only, for the way back.",
      Ability::kMove, true, &AskMove},
     {"format", "Give up the old stored format", "Give up the old format",
      "What is stored is migrated to the new format while the stack serves. After that, the "
      "version "
      "that needs the old format cannot come back.",
      Ability::kFormat, false, &AskFormat}}};

struct Target {
  v1::StatusResponse status;
  const v1::Slot* slot = nullptr;
};

Result<Target> Look(const View& view, const std::string& name) {
  STRATA_ASSIGN_OR_RETURN(v1::StatusResponse status, view.core.Status(view.cx));
  Target target{std::move(status), nullptr};
  target.slot = FindSlot(target.status, name);
  if (target.slot == nullptr) return NotFound("no slot " + name);
  return target;
}

Html Heading(const Action& action, const v1::Slot& slot) {
  return Html().Add(BackLink(SlotPath(slot.name()), "Back to " + slot.name()),
                    "<h1 class=\"nhsuk-heading-l\"><span class=\"nhsuk-caption-l\">"_html,
                    slot.name(), ": "_html, slot.plugin(), " "_html, slot.version(),
                    "</span> "_html, action.title, "</h1>"_html);
}

std::string ActionPath(const Action& action, const v1::Slot& slot, std::string_view below = {}) {
  return SlotPath(slot.name(), "/" + std::string(action.name).append(below));
}

Page NotAvailable(const Action& action, const v1::Slot& slot, const std::string& why) {
  Page page;
  page.http_status = 409;
  page.title = std::string(action.title) + ": not available";
  page.main.Add(Heading(action, slot), Inset(Html().Add("<p>"_html, why, "</p>"_html)));
  return page;
}

Result<Page> FormPage(const View& view, const Action& action, const v1::Slot& slot,
                      const ActionForm& form, const FieldErrors& errors) {
  STRATA_ASSIGN_OR_RETURN(const v1::ListPluginsResponse list, view.core.Packages(view.cx));
  Page page;
  page.http_status = errors.empty() ? 200 : 400;
  page.title = (errors.empty() ? "" : "Error: ") + std::string(action.title) + " of " + slot.name();
  Html fields = PackageFields(form, PackageChoices(list, slot),
                              "Which plugin is to run in the slot?", errors);
  fields.Add(ConfigField(form, errors));
  if (action.ability == Ability::kSwap) {
    const bool open = !form.mode.empty() || !form.isolation.empty() || !form.probation.empty();
    fields.Add(Details("Mode, isolation and probation", SwapFields(form, errors), open));
  }
  fields.Add("<p>Nothing is changed yet: the next page shows the plan.</p>"_html,
             SubmitButton("Show the plan"));
  page.main.Add(ErrorSummary(errors), Heading(action, slot), "<p>"_html, action.meaning,
                "</p>"_html, PostForm(ActionPath(action, slot), view.token, fields));
  return page;
}

// The plan and the question. `errors` say why the last try went wrong.
Page ConfirmPage(const View& view, const Action& action, const Target& target, ActionForm form,
                 const v1::Plan& plan, const FieldErrors& errors) {
  const v1::Slot& slot = *target.slot;
  form.generation = std::to_string(target.status.generation());
  form.request_id = RandomText();
  Page page;
  page.http_status = errors.empty() ? 200 : 409;
  page.title = std::string(action.title) + " of " + slot.name() + ": check the plan";
  page.main.Add(ErrorSummary(errors), Heading(action, slot),
                "<h2 class=\"nhsuk-heading-m\">Check the plan before you go on</h2>"_html,
                RenderPlan(plan));
  if (plan.slots().empty()) {
    page.main.Add(
        Inset(Html("<p>There is nothing to do: the slot is already like that.</p>"_html)));
    return page;
  }
  page.main.Add("<div class=\"console-actions\">"_html,
                PostForm(ActionPath(action, slot, "/now"), view.token,
                         HiddenFields(form).Add(SubmitButton(action.deed))));
  if (action.has_form) page.main.Add(LinkButton(ActionPath(action, slot), "Choose again", true));
  page.main.Add("</div><p>"_html, Link(SlotPath(slot.name()), "Cancel, change nothing"),
                "</p>"_html);
  return page;
}

// The plan of a form without mistakes; the form again, or a page with the reason, when the core
// says no.
Result<Page> AskForPlan(const View& view, const Action& action, const Target& target,
                        const ActionForm& form, const FieldErrors& errors) {
  const auto answer = action.ask(view, form, /*plan_only=*/true);
  if (answer.ok()) return ConfirmPage(view, action, target, form, answer->plan(), errors);
  if (answer.status().code() == Code::kUnimplemented) {
    return NotAvailable(action, *target.slot, "Not available in this core.");
  }
  if (!IsRefusal(answer.status())) return answer.status();
  if (!action.has_form) return NotAvailable(action, *target.slot, InWords(answer.status()));
  return FormPage(view, action, *target.slot, form, {{"", InWords(answer.status())}});
}

}  // namespace

std::span<const Action> Actions() { return kActions; }

const Action* FindAction(std::string_view name) {
  const auto found = std::find_if(kActions.begin(), kActions.end(),
                                  [name](const Action& action) { return action.name == name; });
  return found == kActions.end() ? nullptr : &*found;
}

bool Applies(const Action& action, const v1::Slot& slot) {
  if (action.ability == Ability::kMove) return slot.layer() == "hosting";
  return action.ability != Ability::kFormat || slot.has_format();
}

std::string WhyNot(const View& view, const Action& action, const v1::Slot& slot) {
  if (!view.core.Can(view.cx, action.ability)) return "Not available in this core.";
  if (action.ability == Ability::kRollback && !slot.has_previous()) {
    return "There is nothing to go back to: the slot has not been changed.";
  }
  const v1::StoredFormat& format = slot.format();
  const bool newest = format.writes() >= format.newest() && format.on_disk() >= format.writes();
  if (action.ability == Ability::kFormat && newest) {
    return "It writes the newest format that it knows.";
  }
  return {};
}

Result<Page> ActionPage(const View& view, const Action& action, const std::string& slot) {
  STRATA_ASSIGN_OR_RETURN(const Target target, Look(view, slot));
  if (!view.core.Can(view.cx, action.ability)) {
    return NotAvailable(action, *target.slot, "Not available in this core.");
  }
  const ActionForm form = ReadActionForm(slot, {});
  if (action.has_form) return FormPage(view, action, *target.slot, form, {});
  return AskForPlan(view, action, target, form, {});
}

Result<Page> PlanPage(const View& view, const Action& action, const std::string& slot,
                      const web::Parameters& fields) {
  STRATA_ASSIGN_OR_RETURN(const Target target, Look(view, slot));
  const ActionForm form = ReadActionForm(slot, fields);
  // The same plugin with other settings is a change too.
  const bool needs_package = action.has_form && form.config.empty() && form.isolation.empty();
  const FieldErrors errors = CheckActionForm(form, needs_package);
  if (!errors.empty()) return FormPage(view, action, *target.slot, form, errors);
  return AskForPlan(view, action, target, form, {});
}

Result<Page> DoAction(const View& view, const Action& action, const std::string& slot,
                      const web::Parameters& fields) {
  STRATA_ASSIGN_OR_RETURN(const Target target, Look(view, slot));
  const ActionForm form = ReadActionForm(slot, fields);
  if (const FieldErrors errors = CheckActionForm(form, false); !errors.empty()) {
    return FormPage(view, action, *target.slot, form, errors);
  }
  if (form.generation != std::to_string(target.status.generation())) {
    return AskForPlan(
        view, action, target, form,
        {{"", "The stack has changed since the plan was made. This is the new plan."}});
  }
  const auto answer = action.ask(view, form, /*plan_only=*/false);
  if (answer.ok()) {
    return answer->has_change() ? RedirectTo(ChangePath(answer->change().id()))
                                : RedirectTo(SlotPath(slot));
  }
  if (!IsRefusal(answer.status())) return answer.status();
  return AskForPlan(view, action, target, form, {{"", InWords(answer.status())}});
}

}  // namespace strata::console
