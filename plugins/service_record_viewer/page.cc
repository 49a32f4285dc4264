#include "plugins/service_record_viewer/page.h"

#include <array>

#include "plugins/service_record_viewer/dates.h"

namespace strata::record_viewer {
namespace {

bool IsCurrent(const Frame& frame, const MenuItem& item) {
  if (item.path == "/") return frame.path == "/" || frame.path.starts_with("/search");
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
  return Html().Add(
      "<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><title>"_html,
      page.title, " - "_html, frame.product,
      "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta "
      "name=\"theme-color\" content=\"#005eb8\"><meta name=\"format-detection\" "
      "content=\"telephone=no\"><link rel=\"icon\" type=\"image/svg+xml\" href=\""_html,
      frame.favicon, "\"><link rel=\"stylesheet\" href=\""_html, frame.stylesheet,
      "\"></head>\n"_html);
}

Html Header(const Frame& frame) {
  return Html().Add(
      "<a class=\"nhsuk-skip-link\" href=\"#maincontent\">Skip to main content</a>"
      "<header class=\"nhsuk-header\"><div "
      "class=\"nhsuk-header__container nhsuk-width-container\"><div "
      "class=\"nhsuk-header__service\"><a class=\"nhsuk-header__service-name\" href=\"/\">"_html,
      frame.product, "</a></div></div>"_html, Navigation(frame), "</header>\n"_html);
}

}  // namespace

std::string RenderPage(const Frame& frame, const Page& page) {
  Html out = Head(frame, page);
  out.Add("<body>"_html, Header(frame), page.before,
          "<div class=\"nhsuk-width-container\"><main class=\"nhsuk-main-wrapper viewer-main\" "
          "id=\"maincontent\" tabindex=\"-1\">\n"_html,
          page.main,
          "\n</main></div>\n<footer class=\"nhsuk-footer viewer-footer\"><div "
          "class=\"nhsuk-width-container\"><p class=\"nhsuk-body-s\">"_html,
          frame.product,
          " record viewer. It shows what is recorded and does not replace clinical judgement.</p>"
          "</div></footer></body></html>\n"_html);
  return std::move(out).str();
}

void Table::Row(std::initializer_list<Html> cells) {
  rows_.Add("<tr role=\"row\" class=\"nhsuk-table__row\">"_html);
  std::size_t column = 0;
  for (const Html& cell : cells) {
    const std::string& label = columns_[column];
    if (column == 0) {
      rows_.Add("<th role=\"rowheader\" scope=\"row\" class=\"nhsuk-table__header\">"_html);
    } else {
      rows_.Add("<td role=\"cell\" class=\"nhsuk-table__cell\">"_html);
    }
    rows_.Add("<span class=\"nhsuk-table-responsive__heading\" aria-hidden=\"true\">"_html, label,
              " </span><span class=\"viewer-cell\">"_html, cell, "</span>"_html,
              column == 0 ? "</th>"_html : "</td>"_html);
    ++column;
  }
  rows_.Add("</tr>"_html);
}

Html Table::Render() const {
  Html out;
  out.Add(
      "<table role=\"table\" class=\"nhsuk-table-responsive viewer-table\"><caption "
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

Html RenderPaging(const Paging& paging, std::string_view path) {
  Html out;
  if (paging.pages() <= 1) return out;
  const std::size_t number = paging.begin() / paging.per_page + 1;
  out.Add("<nav class=\"viewer-paging\" aria-label=\"Pages\"><p>Showing "_html, paging.begin() + 1,
          " to "_html, paging.end(), " of "_html, paging.total, ".</p><ul>"_html);
  if (number > 1) {
    out.Add("<li><a href=\""_html, path, "?page="_html, number - 1,
            "\" rel=\"prev\">Previous page</a></li>"_html);
  }
  out.Add("<li>Page "_html, number, " of "_html, paging.pages(), "</li>"_html);
  if (number < paging.pages()) {
    out.Add("<li><a href=\""_html, path, "?page="_html, number + 1,
            "\" rel=\"next\">Next page</a></li>"_html);
  }
  return out.Add("</ul></nav>"_html);
}

Html Tag(std::string_view text, TagColour colour) {
  Html out;
  out.Add("<strong class=\"nhsuk-tag viewer-tag"_html);
  switch (colour) {
    case TagColour::kGrey:
      out.Add(" nhsuk-tag--grey"_html);
      break;
    case TagColour::kGreen:
      out.Add(" nhsuk-tag--green"_html);
      break;
    case TagColour::kBlue:
      out.Add(" nhsuk-tag--blue"_html);
      break;
    case TagColour::kYellow:
      out.Add(" nhsuk-tag--yellow"_html);
      break;
    case TagColour::kOrange:
      out.Add(" nhsuk-tag--orange"_html);
      break;
    case TagColour::kRed:
      out.Add(" nhsuk-tag--red"_html);
      break;
  }
  return out.Add("\">"_html, text, "</strong>"_html);
}

Html DateText(std::string_view fhir_date) {
  if (fhir_date.empty()) return Html("<span class=\"viewer-absent\">Date not recorded</span>"_html);
  return Html().Add("<time datetime=\""_html, fhir_date, "\">"_html, ShortDate(fhir_date),
                    "</time>"_html);
}

Html Recorded(const Html& date, const Html& source) {
  return Html().Add(date, "<span class=\"viewer-detail\">"_html, source, "</span>"_html);
}

Html Inset(const Html& content) {
  return Html().Add("<div class=\"nhsuk-inset-text viewer-inset\">"_html, content, "</div>"_html);
}

Html Warning(std::string_view heading, const Html& content) {
  return Html().Add(
      "<div class=\"nhsuk-warning-callout viewer-warning\"><h3 "
      "class=\"nhsuk-warning-callout__label\"><span class=\"nhsuk-u-visually-hidden\">Important: "
      "</span>"_html,
      heading, "</h3>"_html, content, "</div>"_html);
}

}  // namespace strata::record_viewer
