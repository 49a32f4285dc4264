#include "plugins/service_console/trial_form.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "plugins/service_console/error_page.h"
#include "plugins/service_console/trial_page.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

constexpr char kTitle[] = "Try another plugin beside it";
constexpr double kMaxMinutes = 60.0 * 24 * 7;

struct TrialForm {
  ActionForm candidate;  // package, folder, config
  std::string shadow = "10";
  std::string canary = "0";
  std::string scratch;
  std::string minutes;
};

TrialForm ReadTrialForm(const std::string& slot, const web::Parameters& fields) {
  TrialForm form;
  form.candidate = ReadActionForm(slot, fields);
  for (const auto& [name, value] : fields) {
    if (name == "shadow") form.shadow = value;
    if (name == "canary") form.canary = value;
    if (name == "scratch_package") form.scratch = value;
    if (name == "minutes") form.minutes = value;
  }
  return form;
}

// A number from 0 to `most`; an empty text is 0.
std::optional<double> Number(const std::string& text, double most) {
  if (text.empty()) return 0.0;
  if (text.size() > 16) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !std::isfinite(value) || value < 0 || value > most) return std::nullopt;
  return value;
}

FieldErrors Check(const TrialForm& form) {
  FieldErrors errors = CheckActionForm(form.candidate, /*needs_package=*/true);
  const auto shadow = Number(form.shadow, 100);
  const auto canary = Number(form.canary, 100);
  if (!shadow) errors.push_back({"shadow", "Copies must be a percentage from 0 to 100"});
  if (!canary) errors.push_back({"canary", "Patients must be a percentage from 0 to 100"});
  if (shadow && canary && *shadow + *canary == 0) {
    errors.push_back({"shadow", "Give the candidate copies, or a share of the patients"});
  }
  const bool canary_runs = canary && *canary > 0;
  if (canary_runs && shadow && *shadow > 0) {
    errors.push_back({"canary", "Choose one: copies of reads, or a share of the patients"});
  }
  if (canary_runs && !form.scratch.empty()) {
    errors.push_back(
        {"scratch_package",
         "A candidate that serves patients has no store of its own: leave this empty"});
  }
  if (!Number(form.minutes, kMaxMinutes)) {
    errors.push_back({"minutes", "Duration must be a number of minutes, at most a week (10080)"});
  }
  return errors;
}

v1::StartTrialRequest RequestOf(const TrialForm& form) {
  v1::StartTrialRequest request;
  request.set_slot(form.candidate.slot);
  request.set_package(form.candidate.chosen());
  request.set_config_json(form.candidate.config);
  request.set_shadow_percent(Number(form.shadow, 100).value_or(0));
  request.set_canary_percent(Number(form.canary, 100).value_or(0));
  request.set_scratch_package(form.scratch);
  request.set_duration_s(
      static_cast<std::uint32_t>(Number(form.minutes, kMaxMinutes).value_or(0) * 60));
  return request;
}

Html Heading(const v1::Slot& slot) {
  return Html().Add(BackLink(SlotPath(slot.name()), "Back to " + slot.name()),
                    "<h1 class=\"nhsuk-heading-l\"><span class=\"nhsuk-caption-l\">"_html,
                    slot.name(), ": "_html, slot.plugin(), " "_html, slot.version(),
                    "</span> "_html, kTitle, "</h1>"_html);
}

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

Result<Page> FormPage(const View& view, const v1::Slot& slot, const TrialForm& form,
                      const FieldErrors& errors) {
  STRATA_ASSIGN_OR_RETURN(const v1::ListPluginsResponse list, view.core.Packages(view.cx));
  Page page;
  page.http_status = errors.empty() ? 200 : 400;
  page.title = (errors.empty() ? "" : "Error: ") + std::string("Trial in ") + slot.name();
  Html fields = PackageFields(form.candidate, PackageChoices(list, slot),
                              "Which plugin is the candidate?", errors);
  fields.Add(
      ConfigField(form.candidate, errors),
      TextInput(
          {"shadow", "Copies of reads, in percent",
           "The candidate answers copies; its answers are compared and thrown away. Nobody sees "
           "them.",
           form.shadow},
          false, errors),
      TextInput(
          {"canary", "Patients, in percent",
           "The candidate answers all requests about this share of the patients for real, always "
           "the same ones. Then leave the copies at 0.",
           form.canary},
          false, errors),
      TextInput({"scratch_package", "Package of its fresh store",
                 "With copies, a data plugin works on a store of its own. Empty: the same kind as "
                 "the live one.",
                 form.scratch},
                true, errors),
      TextInput({"minutes", "Minutes", "Empty: until you end it.", form.minutes}, false, errors),
      "<p>Nothing begins yet: the next page says what will happen.</p>"_html,
      SubmitButton("Go on"));
  page.main.Add(
      ErrorSummary(errors), Heading(slot),
      "<p>A candidate runs beside the plugin that serves the slot, so that you can compare "
      "them on your own traffic.</p>"_html,
      PostForm(SlotPath(slot.name(), "/trial"), view.token, fields));
  return page;
}

Html WhatHappens(const v1::StartTrialRequest& request, const v1::Slot& slot,
                 const v1::Trial& planned) {
  Html out;
  out.Add("<ul><li>The candidate in "_html, request.package(), " was checked: "_html,
          planned.candidate().plugin(), " "_html, planned.candidate().version(),
          ". It is loaded and started beside "_html, slot.plugin(), " "_html, slot.version(),
          ".</li>"_html);
  if (request.shadow_percent() > 0) {
    out.Add(
        "<li>It gets copies of "_html, Percent(request.shadow_percent()),
        " of the reads. Its answers are compared with the live ones and thrown away.</li>"_html);
  }
  if (request.canary_percent() > 0) {
    out.Add(
        "<li>It answers the requests about "_html, Percent(request.canary_percent()),
        " of the patients for real, always the same ones; all others, and requests that name no "
        "patient, stay with the live plugin.</li><li>What it writes is part of the record.</li>"
        "<li>If it fails more often, is slower, unhealthy or ends by itself, it is taken out by "
        "itself, and the history says why.</li>"_html);
  } else {
    out.Add("<li>Its writes go to a copy"_html,
            request.scratch_package().empty() ? "" : " in " + request.scratch_package(),
            " that is thrown away.</li>"_html);
  }
  for (const std::string& sentence : planned.plan().warnings()) {
    out.Add("<li>The core says: "_html, sentence, ".</li>"_html);
  }
  out.Add("<li>It ends "_html);
  if (request.duration_s() > 0) {
    out.Add("after "_html, Duration(request.duration_s()), ", or when you end it"_html);
  } else {
    out.Add("when you end it"_html);
  }
  return out.Add(".</li></ul>"_html);
}

}  // namespace

Result<Page> TrialFormPage(const View& view, const std::string& slot) {
  STRATA_ASSIGN_OR_RETURN(const Target target, Look(view, slot));
  if (!view.core.Can(view.cx, Ability::kTrial)) return Unimplemented("this core has no trials");
  return FormPage(view, *target.slot, ReadTrialForm(slot, {}), {});
}

Result<Page> TrialPlanPage(const View& view, const std::string& slot,
                           const web::Parameters& fields) {
  STRATA_ASSIGN_OR_RETURN(const Target target, Look(view, slot));
  const TrialForm form = ReadTrialForm(slot, fields);
  if (const FieldErrors errors = Check(form); !errors.empty()) {
    return FormPage(view, *target.slot, form, errors);
  }
  v1::StartTrialRequest request = RequestOf(form);
  request.set_plan_only(true);
  const auto planned = view.core.StartTrial(view.cx, request);
  if (!planned.ok()) {
    if (!IsRefusal(planned.status())) return planned.status();
    return FormPage(view, *target.slot, form, {{"", InWords(planned.status())}});
  }
  Html fields_again = HiddenFields(form.candidate);
  fields_again.Add(Hidden("shadow", form.shadow), Hidden("canary", form.canary),
                   Hidden("scratch_package", form.scratch), Hidden("minutes", form.minutes),
                   SubmitButton("Start the trial"));
  Page page;
  page.title = "Trial in " + slot + ": check";
  page.main.Add(
      Heading(*target.slot), "<h2 class=\"nhsuk-heading-m\">Check what will happen</h2>"_html,
      WhatHappens(request, *target.slot, *planned), "<div class=\"console-actions\">"_html,
      PostForm(SlotPath(slot, "/trial/now"), view.token, fields_again),
      LinkButton(SlotPath(slot, "/trial"), "Choose again", true), "</div><p>"_html,
      Link(SlotPath(slot), "Cancel, start nothing"), "</p>"_html);
  return page;
}

Result<Page> StartTrial(const View& view, const std::string& slot, const web::Parameters& fields) {
  STRATA_ASSIGN_OR_RETURN(const Target target, Look(view, slot));
  const TrialForm form = ReadTrialForm(slot, fields);
  if (const FieldErrors errors = Check(form); !errors.empty()) {
    return FormPage(view, *target.slot, form, errors);
  }
  const auto trial = view.core.StartTrial(view.cx, RequestOf(form));
  if (trial.ok()) return RedirectTo(TrialPath(trial->id()));
  if (!IsRefusal(trial.status())) return trial.status();
  return FormPage(view, *target.slot, form, {{"", InWords(trial.status())}});
}

}  // namespace strata::console
