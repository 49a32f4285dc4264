#include "plugins/service_console/stack_page.h"

#include "plugins/service_console/change_page.h"
#include "plugins/service_console/diagram.h"

namespace strata::console {
namespace {

namespace v1 = core::v1;

// One sentence that a screen reader says again when it changes: no numbers that always do.
std::string HowItIs(const v1::StatusResponse& status) {
  std::string down;
  int serving = 0;
  for (const v1::Slot& slot : status.slots()) {
    if (slot.health().state() == v1::Health::STATE_SERVING) {
      ++serving;
    } else {
      down += (down.empty() ? "" : ", ") + slot.name();
    }
  }
  std::string out = status.ready() ? "Ready. " : "Not ready. ";
  if (down.empty()) return out + "All " + std::to_string(serving) + " slots serve.";
  return out + std::to_string(serving) + " of " + std::to_string(status.slots_size()) +
         " slots serve. Look at: " + down + ".";
}

Html KeyFacts(const v1::StatusResponse& status, std::int64_t now_us) {
  Html out;
  const auto add = [&out](std::string_view name, const Html& value) {
    if (value.empty()) return;
    out.Add("<div><dt>"_html, name, "</dt><dd>"_html, value, "</dd></div>"_html);
  };
  add("Generation", Html::Text(Count(status.generation())));
  add("Version", Html::Text(status.version()));
  add("Running for", Html::Text(Duration(static_cast<double>(now_us - status.started_us()) / 1e6)));
  add("HTTP", Html::Text(status.http_address()));
  add("gRPC", Html::Text(status.grpc_address()));
  return Html().Add("<dl class=\"console-line\">"_html, out, "</dl>"_html);
}

Html LiveOf(const View& view, const v1::StatusResponse& status) {
  Html out;
  out.Add("<div class=\"console-state"_html, status.ready() ? ""_html : " console-state--bad"_html,
          "\"><p role=\"status\">"_html, HowItIs(status), "</p>"_html,
          KeyFacts(status, view.now_us), "</div>"_html, RunningChanges(view));
  return out.Add(Diagram(status, view.rates.Update(status, view.now_us)));
}

}  // namespace

Result<Html> StackLive(const View& view) {
  STRATA_ASSIGN_OR_RETURN(const v1::StatusResponse status, view.core.Status(view.cx));
  return LiveOf(view, status);
}

Result<Page> StackPage(const View& view) {
  STRATA_ASSIGN_OR_RETURN(const v1::StatusResponse status, view.core.Status(view.cx));
  Page page;
  page.title = "Stack";
  page.live_path = "/live";
  page.main.Add("<h1 class=\"nhsuk-heading-l\">Stack "_html, status.stack(), "</h1>"_html,
                LiveRegion(LiveOf(view, status), "/", page.live_path, view.now_us), "<p>"_html,
                LinkButton("/apply", "Apply a stack file", true), "</p>"_html);
  return page;
}

}  // namespace strata::console
