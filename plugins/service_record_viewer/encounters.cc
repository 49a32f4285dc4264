#include <algorithm>
#include <array>
#include <utility>

#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/sections.h"

// Encounter: FHIR R4 encounter.html.
namespace strata::record_viewer {
namespace {

using json::Value;

std::string_view StartDate(Value encounter) { return encounter["period"]["start"].string(); }

Html When(Value encounter) {
  const std::string_view start = StartDate(encounter);
  const std::string_view end = encounter["period"]["end"].string();
  Html out = DateText(start);
  // A visit that ends on the day on which it began needs no second date.
  if (!end.empty() && end.substr(0, 10) != start.substr(0, 10)) {
    out.Add(" to "_html, DateText(end));
  }
  return out;
}

// Common codes of http://terminology.hl7.org/CodeSystem/v3-ActCode, which usually come without a
// display.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kClasses = {
    {{"AMB", "Outpatient"},
     {"EMER", "Emergency"},
     {"IMP", "Inpatient"},
     {"ACUTE", "Inpatient, acute"},
     {"OBSENC", "Observation stay"},
     {"SS", "Day case"},
     {"HH", "At home"},
     {"VR", "By phone or video"}}};

std::string ClassText(Value coding) {
  if (coding["system"].string() == "http://terminology.hl7.org/CodeSystem/v3-ActCode") {
    for (const auto& [code, text] : kClasses) {
      if (coding["code"].string() == code) return std::string(text);
    }
  }
  return CodingText(coding);
}

Html Kind(Value encounter) {
  std::string text = ConceptText(encounter["type"].At(0));
  const std::string kind = ClassText(encounter["class"]);
  if (text.empty()) text = kind.empty() ? "Kind not recorded" : kind;
  Html out = Html::Text(text);
  if (!kind.empty() && kind != text) {
    out.Add("<span class=\"page-detail\">"_html, kind, "</span>"_html);
  }
  return out;
}

Html Reasons(RecordSource& source, Value encounter) {
  Html out;
  for (const Value reason : encounter["reasonCode"].elements()) {
    if (!out.empty()) out.Add(", "_html);
    out.Add(ConceptText(reason));
  }
  for (const Value reason : encounter["reasonReference"].elements()) {
    if (!out.empty()) out.Add(", "_html);
    out.Add(source.NameOf(reason, encounter));
  }
  return out.empty() ? Html("<span class=\"viewer-absent\">Not recorded</span>"_html) : out;
}

Html Source(RecordSource& source, Value encounter) {
  return SourceText(source, encounter, {"serviceProvider", "participant"});
}

}  // namespace

Result<Html> EncountersSection(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "Encounter", StartDate));
  Html out("<h1 class=\"nhsuk-heading-l\">Encounters</h1>"_html);
  const Group all = {"Visits and stays", "No encounters are recorded.", facts.values};
  out.Add(RenderGroups(request, {all}, [&](const Group& group, auto rows) {
    Table table(group.heading, {"Kind", "Date", "Reason", "Status", "Source"});
    for (const Value encounter : rows) {
      table.Row({Kind(encounter), When(encounter), Reasons(request.source, encounter),
                 StatusTag(encounter["status"].string()), Source(request.source, encounter)});
    }
    return table.Render();
  }));
  return out.Add(FactsRemarks(facts));
}

Result<Html> EncountersSummary(SectionRequest& request, std::size_t most) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "Encounter", StartDate));
  if (facts.values.empty()) return Html("<p>No encounters are recorded.</p>"_html);
  Table table("Latest encounters", {"Kind", "Recorded"});
  for (const Value encounter : std::span(facts.values).first(std::min(most, facts.values.size()))) {
    table.Row({Kind(encounter), Recorded(When(encounter), Source(request.source, encounter))});
  }
  return table.Render().Add(MoreRemark(most, facts.values.size()), FactsRemarks(facts));
}

}  // namespace strata::record_viewer
