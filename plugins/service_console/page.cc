#include "plugins/service_console/page.h"

#include "core/base/form.h"

namespace strata::console {
namespace {

bool IsCurrent(const Frame& frame, const MenuItem& item) {
  if (item.path == "/") return frame.path == "/" || frame.path.starts_with("/slots/");
  return frame.path == item.path || frame.path.starts_with(item.path + "/");
}

Html Navigation(const Frame& frame) {
  Html out;
  if (frame.menu.empty()) return out;
  out.Add(
      "<nav class=\"nhsuk-header__navigation\" aria-label=\"Menu\"><div "
      "class=\"nhsuk-header__navigation-container nhsuk-width-container\"><ul "
      "class=\"nhsuk-header__navigation-list\">"_html);
  for (const MenuItem& item : frame.menu) {
    const bool current = IsCurrent(frame, item);
    out.Add("<li class=\"nhsuk-header__navigation-item"_html,
            current ? " nhsuk-header__navigation-item--current"_html : ""_html,
            "\"><a class=\"nhsuk-header__navigation-link\" href=\""_html, item.path, "\""_html,
            current ? " aria-current=\"true\""_html : ""_html, ">"_html, item.label,
            "</a></li>"_html);
  }
  return out.Add("</ul></div></nav>"_html);
}

Html Head(const Frame& frame, const Page& page) {
  Html out;
  out.Add("<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><title>"_html,
          page.title, " - "_html, frame.product,
          " console</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
          "<meta name=\"theme-color\" content=\"#425563\"><meta name=\"format-detection\" "
          "content=\"telephone=no\"><link rel=\"icon\" type=\"image/svg+xml\" href=\""_html,
          frame.favicon, "\"><link rel=\"stylesheet\" href=\""_html, frame.stylesheet, "\">"_html);
  if (!page.live_path.empty()) {
    out.Add("<script src=\""_html, frame.script, "\" defer></script>"_html);
  }
  return out.Add("</head>\n"_html);
}

Html Header(const Frame& frame) {
  return Html().Add(
      "<a class=\"nhsuk-skip-link\" href=\"#maincontent\">Skip to main content</a>"
      "<header class=\"nhsuk-header console-header\"><div "
      "class=\"nhsuk-header__container nhsuk-width-container\"><div "
      "class=\"nhsuk-header__service\"><a class=\"nhsuk-header__service-name\" href=\"/\">"_html,
      frame.product, " console</a></div></div>"_html, Navigation(frame), "</header>\n"_html);
}

}  // namespace

std::string RenderPage(const Frame& frame, const Page& page) {
  Html out = Head(frame, page);
  out.Add("<body>"_html, Header(frame),
          "<div class=\"nhsuk-width-container\"><main class=\"nhsuk-main-wrapper console-main\" "
          "id=\"maincontent\" tabindex=\"-1\">\n"_html,
          page.main,
          "\n</main></div>\n<footer class=\"nhsuk-footer console-footer\"><div "
          "class=\"nhsuk-width-container\"><p class=\"nhsuk-body-s\">"_html,
          frame.product,
          " console, for those who run this stack. Everyone who can reach this port can change the "
          "stack: it is open to this machine only.</p></div></footer></body></html>\n"_html);
  return std::move(out).str();
}

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

Html Tag(std::string_view text, TagColour colour) {
  const auto css = [colour] {
    switch (colour) {
      case TagColour::kGrey:
        return " nhsuk-tag--grey"_html;
      case TagColour::kGreen:
        return " nhsuk-tag--green"_html;
      case TagColour::kBlue:
        return " nhsuk-tag--blue"_html;
      case TagColour::kYellow:
        return " nhsuk-tag--yellow"_html;
      case TagColour::kOrange:
        return " nhsuk-tag--orange"_html;
      case TagColour::kRed:
        break;
    }
    return " nhsuk-tag--red"_html;
  }();
  return Html().Add("<strong class=\"nhsuk-tag console-tag"_html, css, "\">"_html, text,
                    "</strong>"_html);
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

Html Inset(const Html& content) {
  return Html().Add("<div class=\"nhsuk-inset-text console-inset\">"_html, content, "</div>"_html);
}

Html Warning(std::string_view heading, const Html& content) {
  return Html().Add(
      "<div class=\"nhsuk-warning-callout console-warning\"><h2 "
      "class=\"nhsuk-warning-callout__label\"><span class=\"nhsuk-u-visually-hidden\">Important: "
      "</span>"_html,
      heading, "</h2>"_html, content, "</div>"_html);
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

void Table::Row(std::initializer_list<Html> cells) {
  rows_.Add("<tr role=\"row\" class=\"nhsuk-table__row\">"_html);
  std::size_t column = 0;
  for (const Html& cell : cells) {
    rows_.Add(column == 0
                  ? "<th role=\"rowheader\" scope=\"row\" class=\"nhsuk-table__header\">"_html
                  : "<td role=\"cell\" class=\"nhsuk-table__cell\">"_html,
              "<span class=\"nhsuk-table-responsive__heading\" aria-hidden=\"true\">"_html,
              columns_[column], " </span><span class=\"console-cell\">"_html, cell, "</span>"_html,
              column == 0 ? "</th>"_html : "</td>"_html);
    ++column;
  }
  rows_.Add("</tr>"_html);
}

Html Table::Render() const {
  Html out;
  out.Add(
      "<table role=\"table\" class=\"nhsuk-table-responsive console-table\"><caption "
      "class=\"nhsuk-u-visually-hidden\">"_html,
      caption_,
      "</caption><thead role=\"rowgroup\" class=\"nhsuk-table__head\"><tr role=\"row\">"_html);
  for (const std::string& column : columns_) {
    out.Add("<th role=\"columnheader\" scope=\"col\" class=\"nhsuk-table__header\">"_html, column,
            "</th>"_html);
  }
  return out.Add("</tr></thead><tbody role=\"rowgroup\" class=\"nhsuk-table__body\">"_html, rows_,
                 "</tbody></table>"_html);
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
  return Html().Add("<div class=\"console-back\"><a class=\"nhsuk-back-link\" href=\""_html, path,
                    "\">"_html, text, "</a></div>"_html);
}

std::string SlotPath(std::string_view slot, std::string_view below) {
  std::string out = "/slots/";
  web::AppendPercentEncoded(slot, &out);
  return out.append(below);
}

}  // namespace strata::console
