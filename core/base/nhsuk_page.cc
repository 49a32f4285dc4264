#include "core/base/nhsuk_page.h"

#include <cstddef>

namespace strata::web {
namespace {

bool IsCurrent(const Frame& frame, const MenuItem& item) {
  if (item.path == "/") {
    return frame.path == "/" || (!frame.home.empty() && frame.path.starts_with(frame.home));
  }
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

Html Head(const Frame& frame, std::string_view title) {
  Html out;
  out.Add("<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><title>"_html, title,
          " - "_html, frame.product, frame.service,
          "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta "
          "name=\"theme-color\" content=\""_html,
          frame.theme_colour,
          "\"><meta name=\"format-detection\" content=\"telephone=no\"><link rel=\"icon\" "
          "type=\"image/svg+xml\" href=\""_html,
          frame.favicon, "\"><link rel=\"stylesheet\" href=\""_html, frame.stylesheet, "\">"_html);
  if (!frame.script.empty()) {
    out.Add("<script src=\""_html, frame.script, "\" defer></script>"_html);
  }
  return out.Add("</head>\n"_html);
}

Html Header(const Frame& frame) {
  return Html().Add(
      "<a class=\"nhsuk-skip-link\" href=\"#maincontent\">Skip to main content</a>"
      "<header class=\"nhsuk-header "_html,
      frame.header_class,
      "\"><div class=\"nhsuk-header__container nhsuk-width-container\"><div "
      "class=\"nhsuk-header__service\"><a class=\"nhsuk-header__service-name\" href=\"/\">"_html,
      frame.product, frame.service, "</a></div></div>"_html, Navigation(frame), "</header>\n"_html);
}

Markup ClassOf(TagColour colour) {
  switch (colour) {
    case TagColour::kGrey:
      return "nhsuk-tag--grey"_html;
    case TagColour::kGreen:
      return "nhsuk-tag--green"_html;
    case TagColour::kBlue:
      return "nhsuk-tag--blue"_html;
    case TagColour::kYellow:
      return "nhsuk-tag--yellow"_html;
    case TagColour::kOrange:
      return "nhsuk-tag--orange"_html;
    case TagColour::kRed:
      break;
  }
  return "nhsuk-tag--red"_html;
}

}  // namespace

std::string RenderDocument(const Frame& frame, std::string_view title, const Html& before,
                           const Html& main) {
  Html out = Head(frame, title);
  out.Add("<body>"_html, Header(frame), before,
          "<div class=\"nhsuk-width-container\"><main class=\"nhsuk-main-wrapper page-main\" "
          "id=\"maincontent\" tabindex=\"-1\">\n"_html,
          main,
          "\n</main></div>\n<footer class=\"nhsuk-footer page-footer\"><div "
          "class=\"nhsuk-width-container\"><p class=\"nhsuk-body-s\">"_html,
          frame.product, frame.footer, "</p></div></footer></body></html>\n"_html);
  return std::move(out).str();
}

void Table::Row(std::initializer_list<Html> cells) {
  rows_.Add("<tr role=\"row\" class=\"nhsuk-table__row\">"_html);
  std::size_t column = 0;
  for (const Html& cell : cells) {
    rows_.Add(column == 0
                  ? "<th role=\"rowheader\" scope=\"row\" class=\"nhsuk-table__header\">"_html
                  : "<td role=\"cell\" class=\"nhsuk-table__cell\">"_html,
              "<span class=\"nhsuk-table-responsive__heading\" aria-hidden=\"true\">"_html,
              columns_[column], " </span><span class=\"page-cell\">"_html, cell, "</span>"_html,
              column == 0 ? "</th>"_html : "</td>"_html);
    ++column;
  }
  rows_.Add("</tr>"_html);
}

Html Table::Render() const {
  Html out;
  out.Add(
      "<table role=\"table\" class=\"nhsuk-table-responsive page-table\"><caption "
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

Html Tag(std::string_view text, TagColour colour) {
  return Html().Add("<strong class=\"nhsuk-tag page-tag "_html, ClassOf(colour), "\">"_html, text,
                    "</strong>"_html);
}

Html Inset(const Html& content) {
  return Html().Add("<div class=\"nhsuk-inset-text page-inset\">"_html, content, "</div>"_html);
}

Html Warning(HeadingLevel level, std::string_view heading, const Html& content) {
  const bool second = level == HeadingLevel::k2;
  return Html().Add(
      "<div class=\"nhsuk-warning-callout page-warning\">"_html, second ? "<h2"_html : "<h3"_html,
      " class=\"nhsuk-warning-callout__label\"><span class=\"nhsuk-u-visually-hidden\">Important: "
      "</span>"_html,
      heading, second ? "</h2>"_html : "</h3>"_html, content, "</div>"_html);
}

}  // namespace strata::web
