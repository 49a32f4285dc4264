#include "plugins/service_console/page.h"

#include "core/base/form.h"

namespace strata::console {
Page RedirectTo(std::string path) {
  Page page;
  page.http_status = 303;
  page.redirect = std::move(path);
  return page;
}

Html LiveRegion(const Html& content, std::string_view path, std::string_view live_path,
                std::int64_t now_us) {
  return Html().Add("<div class=\"console-fresh\" id=\"fresh\"><p id=\"fresh-text\">As of "_html,
                    Time(now_us), ".</p><p id=\"fresh-action\"><a href=\""_html, path,
                    "\">Refresh</a></p></div>\n<div id=\"live\" data-live=\""_html, live_path,
                    "\">"_html, content, "</div>"_html);
}

Html HealthTag(const core::v1::Slot& slot) {
  if (slot.state() == "FAILED" || slot.state() == "ZOMBIE") return Tag("Failed", TagColour::kRed);
  switch (slot.health().state()) {
    case core::v1::Health::STATE_SERVING:
      return Tag("Serving", TagColour::kGreen);
    case core::v1::Health::STATE_STARTING:
      return Tag("Starting", TagColour::kBlue);
    case core::v1::Health::STATE_NOT_SERVING:
      return Tag("Not serving", TagColour::kRed);
    default:
      return Tag("Health unknown", TagColour::kGrey);
  }
}

Html StateTag(core::v1::Change::State state) {
  switch (state) {
    case core::v1::Change::STATE_RUNNING:
      return Tag(StateName(state), TagColour::kBlue);
    case core::v1::Change::STATE_PROBATION:
      return Tag(StateName(state), TagColour::kYellow);
    case core::v1::Change::STATE_DONE:
      return Tag(StateName(state), TagColour::kGreen);
    case core::v1::Change::STATE_ROLLED_BACK:
      return Tag(StateName(state), TagColour::kOrange);
    case core::v1::Change::STATE_FAILED:
      return Tag(StateName(state), TagColour::kRed);
    default:
      return Tag(StateName(state), TagColour::kGrey);
  }
}

Html StateTag(core::v1::Trial::State state) {
  switch (state) {
    case core::v1::Trial::STATE_PREPARING:
    case core::v1::Trial::STATE_RUNNING:
      return Tag(StateName(state), TagColour::kBlue);
    case core::v1::Trial::STATE_ENDED:
      return Tag(StateName(state), TagColour::kGreen);
    case core::v1::Trial::STATE_WITHDRAWN:
      return Tag(StateName(state), TagColour::kOrange);
    case core::v1::Trial::STATE_FAILED:
      return Tag(StateName(state), TagColour::kRed);
    default:
      return Tag(StateName(state), TagColour::kGrey);
  }
}

Html Warning(std::string_view heading, const Html& content) {
  return web::Warning(web::HeadingLevel::k2, heading, content);
}

Html SummaryList(const Facts& facts) {
  Html out;
  out.Add("<dl class=\"nhsuk-summary-list console-facts\">"_html);
  for (const auto& [name, value] : facts) {
    if (value.empty()) continue;
    out.Add("<div class=\"nhsuk-summary-list__row\"><dt class=\"nhsuk-summary-list__key\">"_html,
            name, "</dt><dd class=\"nhsuk-summary-list__value\">"_html, value, "</dd></div>"_html);
  }
  return out.Add("</dl>"_html);
}

Html Link(std::string_view path, std::string_view text) {
  return Html().Add("<a href=\""_html, path, "\">"_html, text, "</a>"_html);
}

Html LinkButton(std::string_view path, std::string_view text, bool secondary) {
  return Html().Add("<a class=\"nhsuk-button console-button"_html,
                    secondary ? " nhsuk-button--secondary"_html : ""_html,
                    "\" draggable=\"false\" href=\""_html, path, "\">"_html, text, "</a>"_html);
}

Html BackLink(std::string_view path, std::string_view text) {
  return Html().Add("<div class=\"page-back\"><a class=\"nhsuk-back-link\" href=\""_html, path,
                    "\">"_html, text, "</a></div>"_html);
}

std::string SlotPath(std::string_view slot, std::string_view below) {
  std::string out = "/slots/";
  web::AppendPercentEncoded(slot, &out);
  return out.append(below);
}

}  // namespace strata::console
