#include "plugins/service_console/routes.h"

#include "plugins/service_console/action_page.h"
#include "plugins/service_console/apply_page.h"
#include "plugins/service_console/change_page.h"
#include "plugins/service_console/slot_page.h"
#include "plugins/service_console/stack_page.h"
#include "plugins/service_console/trial_form.h"
#include "plugins/service_console/trial_page.h"

namespace strata::console {
namespace {

Status NoPage() { return NotFound("no such page"); }

// "slot=hosting" of a query.
std::string SlotOf(std::string_view query) {
  const auto fields = web::ParseForm(query);
  if (!fields.ok()) return {};
  for (const auto& [name, value] : *fields) {
    if (name == "slot") return value;
  }
  return {};
}

Result<Page> GetSlotPage(const View& view, const std::vector<std::string>& segments) {
  if (segments.size() == 2) return SlotPage(view, segments[1]);
  if (segments.size() != 3) return NoPage();
  if (segments[2] == "trial") return TrialFormPage(view, segments[1]);
  const Action* const action = FindAction(segments[2]);
  return action == nullptr ? NoPage() : ActionPage(view, *action, segments[1]);
}

Result<Page> PostSlotPage(const View& view, const std::vector<std::string>& segments,
                          const web::Parameters& fields) {
  const bool now = segments.size() == 4 && segments[3] == "now";
  if (!now && segments.size() != 3) return NoPage();
  if (segments[2] == "trial") {
    return now ? StartTrial(view, segments[1], fields) : TrialPlanPage(view, segments[1], fields);
  }
  const Action* const action = FindAction(segments[2]);
  if (action == nullptr) return NoPage();
  return now ? DoAction(view, *action, segments[1], fields)
             : PlanPage(view, *action, segments[1], fields);
}

}  // namespace

Result<Page> GetPage(const View& view, const std::vector<std::string>& segments,
                     std::string_view query) {
  if (segments.empty()) return StackPage(view);
  const std::string& first = segments[0];
  const bool end = segments.size() == 3 && segments[2] == "end";
  if (first == "slots") return GetSlotPage(view, segments);
  if (segments.size() == 1) {
    if (first == "changes") return HistoryPage(view, SlotOf(query));
    if (first == "trials") return TrialsPage(view);
    if (first == "packages") return PackagesPage(view);
    if (first == "apply") return ApplyPage(view);
  }
  if (segments.size() != 2 && !end) return NoPage();
  if (first == "changes")
    return end ? EndChangePage(view, segments[1]) : ChangePage(view, segments[1]);
  if (first == "trials")
    return end ? EndTrialPage(view, segments[1]) : TrialPage(view, segments[1]);
  return NoPage();
}

Result<Page> PostPage(const View& view, const std::vector<std::string>& segments,
                      const web::Parameters& fields) {
  if (!segments.empty() && segments[0] == "apply") {
    if (segments.size() == 1) return ApplyPlanPage(view, fields);
    return segments.size() == 2 && segments[1] == "now" ? DoApply(view, fields) : NoPage();
  }
  if (segments.size() < 3) return NoPage();
  if (segments[0] == "slots") return PostSlotPage(view, segments, fields);
  if (segments.size() != 3 || segments[2] != "end") return NoPage();
  if (segments[0] == "changes") return EndChange(view, segments[1]);
  if (segments[0] == "trials") return EndTrial(view, segments[1]);
  return NoPage();
}

Result<LiveUpdate> GetUpdate(const View& view, const std::vector<std::string>& segments) {
  if (segments.size() == 1) {
    STRATA_ASSIGN_OR_RETURN(Html html, StackLive(view));
    return LiveUpdate{std::move(html), false};
  }
  if (segments.size() != 3) return NoPage();
  if (segments[0] == "slots") {
    STRATA_ASSIGN_OR_RETURN(Html html, SlotLive(view, segments[1]));
    return LiveUpdate{std::move(html), false};
  }
  if (segments[0] == "changes") return ChangeLive(view, segments[1]);
  if (segments[0] == "trials") return TrialLive(view, segments[1]);
  return NoPage();
}

}  // namespace strata::console
