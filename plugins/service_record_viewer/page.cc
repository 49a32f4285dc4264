#include "plugins/service_record_viewer/page.h"

#include "plugins/service_record_viewer/dates.h"

namespace strata::record_viewer {
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

Html DateText(std::string_view fhir_date) {
  if (fhir_date.empty()) return Html("<span class=\"viewer-absent\">Date not recorded</span>"_html);
  return Html().Add("<time datetime=\""_html, fhir_date, "\">"_html, ShortDate(fhir_date),
                    "</time>"_html);
}

Html Recorded(const Html& date, const Html& source) {
  return Html().Add(date, "<span class=\"page-detail\">"_html, source, "</span>"_html);
}

Html Warning(std::string_view heading, const Html& content) {
  return web::Warning(web::HeadingLevel::k3, heading, content);
}

}  // namespace strata::record_viewer
