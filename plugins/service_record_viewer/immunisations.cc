#include <algorithm>

#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/sections.h"

// Immunization: FHIR R4 immunization.html.
namespace strata::record_viewer {
namespace {

using json::Value;

std::string_view GivenDate(Value immunisation) {
  const std::string_view date = immunisation["occurrenceDateTime"].string();
  return date.empty() ? immunisation["recorded"].string() : date;
}

bool IsGiven(Value immunisation) { return immunisation["status"].string() != "not-done"; }

Html When(Value immunisation) {
  if (const auto text = immunisation["occurrenceString"].string(); !text.empty()) {
    return Html::Text(text);
  }
  return DateText(GivenDate(immunisation));
}

Html Name(Value immunisation) {
  const std::string text = ConceptText(immunisation["vaccineCode"]);
  Html out = Html::Text(text.empty() ? "Vaccine not named" : text);
  for (const Value protocol : immunisation["protocolApplied"].elements()) {
    const Value dose = FirstOf(protocol, {"doseNumberPositiveInt", "doseNumberString"});
    if (!dose) continue;
    out.Add("<span class=\"page-detail\">Dose "_html,
            dose.is_number() ? dose.lexeme() : dose.string(), "</span>"_html);
  }
  if (const auto lot = immunisation["lotNumber"].string(); !lot.empty()) {
    out.Add("<span class=\"page-detail\">Batch "_html, lot, "</span>"_html);
  }
  return out;
}

Html Status(Value immunisation) {
  if (IsGiven(immunisation)) {
    const std::string_view status = immunisation["status"].string();
    return status == "completed" ? Html("Given"_html) : StatusTag(status);
  }
  Html out = Tag("Not given", TagColour::kOrange);
  const std::string reason = ConceptText(immunisation["statusReason"]);
  if (!reason.empty()) out.Add("<span class=\"page-detail\">"_html, reason, "</span>"_html);
  return out;
}

// The place stands in for the person when only the place was recorded.
Html Source(RecordSource& source, Value immunisation) {
  return immunisation["performer"].size() > 0
             ? SourceText(source, immunisation, {"performer"})
             : SourceText(source, immunisation, {"reportOrigin", "location"});
}

std::vector<Group> Groups(const Facts& facts) {
  std::vector<Group> groups = {{"Given", "No immunisations are recorded.", {}},
                               {"Not given", "", {}}};
  for (const Value one : facts.values) groups[IsGiven(one) ? 0 : 1].values.push_back(one);
  return groups;
}

}  // namespace

Result<Html> ImmunisationsSection(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "Immunization", GivenDate));
  Html out("<h1 class=\"nhsuk-heading-l\">Immunisations</h1>"_html);
  out.Add(RenderGroups(request, Groups(facts), [&](const Group& group, auto rows) {
    Table table(group.heading, {"Vaccine", "Date", "Status", "Source"});
    for (const Value one : rows) {
      table.Row({Name(one), When(one), Status(one), Source(request.source, one)});
    }
    return table.Render();
  }));
  return out.Add(FactsRemarks(facts));
}

Result<Html> ImmunisationsSummary(SectionRequest& request, std::size_t most) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "Immunization", GivenDate));
  const Group given = Groups(facts)[0];
  if (given.values.empty()) return Html().Add("<p>"_html, given.when_empty, "</p>"_html);
  Table table("Latest immunisations", {"Vaccine", "Recorded"});
  for (const Value one : std::span(given.values).first(std::min(most, given.values.size()))) {
    table.Row({Name(one), Recorded(When(one), Source(request.source, one))});
  }
  return table.Render().Add(MoreRemark(most, given.values.size()), FactsRemarks(facts));
}

}  // namespace strata::record_viewer
