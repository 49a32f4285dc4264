#include <array>

#include "plugins/service_record_viewer/sections.h"

// What a clinician looks for first, on one page.
namespace strata::record_viewer {
namespace {

struct Card {
  std::string_view heading;
  std::string_view path;
  std::size_t most;
  Result<Html> (*render)(SectionRequest& request, std::size_t most);
};

// Allergies come first and are never cut.
constexpr std::array<Card, 6> kCards = {{
    {"Allergies", "allergies", 1000, &AllergiesSummary},
    {"Current problems", "problems", 10, &ProblemsSummary},
    {"Current medicines", "medicines", 10, &MedicinesSummary},
    {"Latest results", "results", 8, &ResultsSummary},
    {"Latest encounters", "encounters", 5, &EncountersSummary},
    {"Latest immunisations", "immunisations", 5, &ImmunisationsSummary},
}};

// A part that cannot be read says so; the others are still shown.
Html Unreadable() {
  return Warning("This part of the record could not be read",
                 Html("<p>Do not take it for empty. Try again, or look in another "
                      "system.</p>"_html));
}

}  // namespace

Result<Html> SummarySection(SectionRequest& request) {
  Html out("<h1 class=\"nhsuk-heading-l\">Summary</h1><div class=\"viewer-cards\">"_html);
  for (const Card& card : kCards) {
    const Result<Html> content = card.render(request, card.most);
    out.Add("<section class=\"viewer-card\"><h2 class=\"nhsuk-heading-m\">"_html, card.heading,
            "</h2>"_html, content.ok() ? *content : Unreadable(), "<p><a href=\""_html,
            request.RecordPath(), "/"_html, card.path, "\">All "_html, card.path,
            "</a></p></section>"_html);
  }
  return out.Add("</div>"_html);
}

}  // namespace strata::record_viewer
