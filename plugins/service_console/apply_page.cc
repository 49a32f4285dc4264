#include "plugins/service_console/apply_page.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "plugins/service_console/change_page.h"
#include "plugins/service_console/error_page.h"
#include "plugins/service_console/fields.h"
#include "plugins/service_console/plan.h"
#include "plugins/service_console/session.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

constexpr std::size_t kMaxFile = 64 * 1024;
constexpr std::uint32_t kMaxProbation = 86'400;
constexpr char kPath[] = "/apply";
constexpr char kTitle[] = "Apply a stack file";

// As typed, so that the form can be shown again.
struct ApplyForm {
  std::string file;
  std::string folder;
  std::string probation;
  std::string request_id;
  std::string generation;  // Of the stack that the difference was found against.
};

// Browsers send CR LF (HTML 4.10.22.4); a stack file has LF.
std::string WithoutCarriageReturns(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != '\r') out.push_back(c);
  }
  return out;
}

ApplyForm ReadForm(const web::Parameters& fields) {
  ApplyForm form;
  for (const auto& [name, value] : fields) {
    if (name == "file") form.file = WithoutCarriageReturns(value);
    if (name == "folder") form.folder = value;
    if (name == "probation") form.probation = value;
    if (name == "request-id") form.request_id = value;
    if (name == "generation") form.generation = value;
  }
  return form;
}

std::optional<std::uint32_t> ProbationOf(const ApplyForm& form) {
  const std::string& text = form.probation;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

FieldErrors Check(const ApplyForm& form) {
  FieldErrors errors;
  if (form.file.find_first_not_of(" \n\t") == std::string::npos) {
    errors.push_back({"file", "Paste the stack file that the stack is to be like"});
  } else if (form.file.size() > kMaxFile) {
    errors.push_back({"file", "The stack file must be shorter than 64 KiB"});
  }
  const auto seconds = ProbationOf(form);
  if (!form.probation.empty() && (!seconds || *seconds > kMaxProbation)) {
    errors.push_back({"probation", "Probation must be a whole number of seconds, 0 to 86400"});
  }
  return errors;
}

Result<v1::ChangeResponse> Ask(const View& view, const ApplyForm& form, bool plan_only) {
  v1::ApplyRequest request;
  request.set_stack_yaml(form.file);
  request.set_file("the stack file");
  request.set_base_dir(form.folder);
  request.set_plan_only(plan_only);
  if (const auto seconds = ProbationOf(form)) request.set_probation_s(*seconds);
  if (!plan_only) request.set_request_id(form.request_id);
  return view.core.Apply(view.cx, request);
}

Html Heading() {
  return Html().Add(BackLink("/", "Back to the stack"), "<h1 class=\"nhsuk-heading-l\">"_html,
                    kTitle, "</h1>"_html);
}

Page FormPage(const View& view, const ApplyForm& form, const FieldErrors& errors) {
  Page page;
  page.http_status = errors.empty() ? 200 : 400;
  page.title = std::string(errors.empty() ? "" : "Error: ") + kTitle;
  const Html fields = Html().Add(
      TextArea({"file", "The stack file",
                "The whole file, in YAML. Slots that it does not name are removed.", form.file},
               errors),
      TextInput({"folder", "Folder that its paths count from (optional)",
                 "On the machine of the core. Empty: the one of the file that it was started with.",
                 form.folder},
                true, errors),
      TextInput({"probation", "Seconds on probation (optional)",
                 "For so long the core takes the change back by itself if errors, slow answers or "
                 "crashes increase. 0: none.",
                 form.probation},
                false, errors),
      "<p>Nothing is changed yet: the next page shows the difference.</p>"_html,
      SubmitButton("Show the difference"));
  page.main.Add(
      ErrorSummary(errors), Heading(),
      "<p>The running stack is made equal to the file, everything at once or nothing.</p>"_html,
      PostForm(kPath, view.token, fields));
  return page;
}

Html HiddenFields(const ApplyForm& form) {
  return Html().Add(Hidden("file", form.file), Hidden("folder", form.folder),
                    Hidden("probation", form.probation), Hidden("request-id", form.request_id),
                    Hidden("generation", form.generation));
}

// The difference and the question. `errors` say why the last try went wrong.
Page ConfirmPage(const View& view, const v1::StatusResponse& status, ApplyForm form,
                 const v1::Plan& plan, const FieldErrors& errors) {
  form.generation = std::to_string(status.generation());
  form.request_id = RandomText();
  Page page;
  page.http_status = errors.empty() ? 200 : 409;
  page.title = std::string(kTitle) + ": check the difference";
  page.main.Add(ErrorSummary(errors), Heading(),
                "<h2 class=\"nhsuk-heading-m\">Check the difference before you go on</h2>"_html,
                RenderPlan(plan));
  if (plan.slots().empty()) {
    page.main.Add(
        Inset(Html("<p>There is nothing to do: the stack is as the file says.</p>"_html)));
    return page;
  }
  page.main.Add(
      "<div class=\"console-actions\">"_html,
      PostForm("/apply/now", view.token, HiddenFields(form).Add(SubmitButton("Apply now"))),
      LinkButton(kPath, "Begin again", true), "</div><p>"_html, Link("/", "Cancel, change nothing"),
      "</p>"_html);
  return page;
}

Result<Page> AskForPlan(const View& view, const ApplyForm& form, const FieldErrors& errors) {
  STRATA_ASSIGN_OR_RETURN(const v1::StatusResponse status, view.core.Status(view.cx));
  const auto answer = Ask(view, form, /*plan_only=*/true);
  if (answer.ok()) return ConfirmPage(view, status, form, answer->plan(), errors);
  if (answer.status().code() == Code::kUnimplemented) {
    return FormPage(view, form, {{"", "Not available in this core."}});
  }
  if (!IsRefusal(answer.status())) return answer.status();
  return FormPage(view, form, {{"file", InWords(answer.status())}});
}

}  // namespace

Result<Page> ApplyPage(const View& view) { return FormPage(view, {}, {}); }

Result<Page> ApplyPlanPage(const View& view, const web::Parameters& fields) {
  const ApplyForm form = ReadForm(fields);
  if (const FieldErrors errors = Check(form); !errors.empty()) return FormPage(view, form, errors);
  return AskForPlan(view, form, {});
}

Result<Page> DoApply(const View& view, const web::Parameters& fields) {
  const ApplyForm form = ReadForm(fields);
  if (const FieldErrors errors = Check(form); !errors.empty()) return FormPage(view, form, errors);
  STRATA_ASSIGN_OR_RETURN(const v1::StatusResponse status, view.core.Status(view.cx));
  if (form.generation != std::to_string(status.generation())) {
    return AskForPlan(
        view, form,
        {{"", "The stack has changed since the difference was shown. This is the new one."}});
  }
  const auto answer = Ask(view, form, /*plan_only=*/false);
  if (answer.ok()) {
    return RedirectTo(answer->has_change() ? ChangePath(answer->change().id()) : "/");
  }
  if (!IsRefusal(answer.status())) return answer.status();
  return AskForPlan(view, form, {{"", InWords(answer.status())}});
}

}  // namespace strata::console
