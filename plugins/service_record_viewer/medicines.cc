#include <algorithm>

#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/sections.h"

// MedicationRequest and MedicationStatement: FHIR R4 medicationrequest.html,
// medicationstatement.html.
namespace strata::record_viewer {
namespace {

using json::Value;

std::string_view MedicineDate(Value medicine) {
  for (const std::string_view member : {"authoredOn", "effectiveDateTime", "dateAsserted"}) {
    if (const auto date = medicine[member].string(); !date.empty()) return date;
  }
  return medicine["effectivePeriod"]["start"].string();
}

enum Standing { kCurrent, kPast };

Standing StandingOf(Value medicine) {
  const std::string_view status = medicine["status"].string();
  const bool over = status == "completed" || status == "stopped" || status == "cancelled" ||
                    status == "not-taken";
  return over ? kPast : kCurrent;
}

std::string MedicineName(RecordSource& source, Value medicine) {
  std::string name = ConceptText(medicine["medicationCodeableConcept"]);
  if (!name.empty()) return name;
  const Value reference = medicine["medicationReference"];
  if (const Value resource = source.Resolve(reference, medicine)) {
    name = ConceptText(resource["code"]);
  }
  if (name.empty()) name = source.NameOf(reference, medicine);
  return name.empty() ? "Medicine not named" : name;
}

// "2 times per 1 day" from Timing.repeat.
std::string Frequency(Value repeat) {
  const std::string_view period = repeat["period"].lexeme();
  if (period.empty()) return {};
  std::string_view times = repeat["frequency"].lexeme();
  if (times.empty()) times = "1";
  std::string out = std::string(times) + (times == "1" ? " time every " : " times every ");
  std::string_view unit = repeat["periodUnit"].string();
  for (const auto& [code, word] : {std::pair<std::string_view, std::string_view>{"s", "second"},
                                   {"min", "minute"},
                                   {"h", "hour"},
                                   {"d", "day"},
                                   {"wk", "week"},
                                   {"mo", "month"},
                                   {"a", "year"}}) {
    if (unit == code) unit = word;
  }
  if (period == "1") return out + std::string(unit);
  return out + std::string(period) + " " + std::string(unit) + "s";
}

// Dosage in words: its text, else what can be told from its parts.
std::string DosageText(Value dosage) {
  if (const auto text = dosage["text"].string(); !text.empty()) return std::string(text);
  if (const auto text = dosage["patientInstruction"].string(); !text.empty()) {
    return std::string(text);
  }
  std::string out;
  const auto add = [&out](const std::string& part) {
    if (part.empty()) return;
    if (!out.empty()) out += ", ";
    out += part;
  };
  const Value dose = dosage["doseAndRate"].At(0);
  const std::string quantity = QuantityText(dose["doseQuantity"]);
  if (!quantity.empty()) add("Dose " + quantity);
  add(RangeText(dose["doseRange"]["low"], dose["doseRange"]["high"]));
  add(Frequency(dosage["timing"]["repeat"]));
  add(ConceptText(dosage["timing"]["code"]));
  add(ConceptText(dosage["route"]));
  if (dosage["asNeededBoolean"].bool_value()) add("as needed");
  add(ConceptText(dosage["asNeededCodeableConcept"]));
  for (const Value instruction : dosage["additionalInstruction"].elements()) {
    add(ConceptText(instruction));
  }
  return out;
}

Html Dosage(Value medicine) {
  const Value dosages = FirstOf(medicine, {"dosageInstruction", "dosage"});
  Html out;
  for (const Value dosage : dosages.elements()) {
    const std::string text = DosageText(dosage);
    if (text.empty()) continue;
    if (!out.empty()) out.Add("<br>"_html);
    out.Add(text);
  }
  return out.empty() ? Html("<span class=\"viewer-absent\">Dose not recorded</span>"_html) : out;
}

Html Status(Value medicine) {
  Html out = StatusTag(medicine["status"].string());
  const std::string_view intent = medicine["intent"].string();
  if (intent == "proposal" || intent == "plan") out.Add(" "_html, StatusTag(intent));
  if (medicine["resourceType"].string() == "MedicationStatement") {
    out.Add(" <span class=\"page-detail\">Reported, not prescribed here</span>"_html);
  }
  return out;
}

Html Name(RecordSource& source, Value medicine) {
  Html out;
  if (medicine["doNotPerform"].bool_value()) {
    out.Add(Tag("Do not give", TagColour::kRed), " "_html);
  }
  out.Add(MedicineName(source, medicine));
  for (const Value reason : medicine["reasonCode"].elements()) {
    out.Add("<span class=\"page-detail\">For "_html, ConceptText(reason), "</span>"_html);
  }
  for (const std::string& note : Notes(medicine["note"])) {
    out.Add("<span class=\"page-detail\">"_html, note, "</span>"_html);
  }
  return out;
}

Html Source(RecordSource& source, Value medicine) {
  return SourceText(source, medicine, {"requester", "recorder", "informationSource"});
}

Result<Facts> Load(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(Facts facts, LoadFacts(request, "MedicationRequest", MedicineDate));
  STRATA_ASSIGN_OR_RETURN(Facts reported, LoadFacts(request, "MedicationStatement", MedicineDate));
  Merge(std::move(reported), MedicineDate, &facts);
  return facts;
}

std::vector<Group> Groups(const Facts& facts) {
  std::vector<Group> groups = {{"Current medicines", "No current medicines are recorded.", {}},
                               {"Past medicines", "", {}}};
  for (const Value medicine : facts.values) groups[StandingOf(medicine)].values.push_back(medicine);
  return groups;
}

}  // namespace

Result<Html> MedicinesSection(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, Load(request));
  Html out("<h1 class=\"nhsuk-heading-l\">Medicines</h1>"_html);
  out.Add(RenderGroups(request, Groups(facts), [&](const Group& group, auto rows) {
    Table table(group.heading, {"Medicine", "Dose", "Status", "Date", "Source"});
    for (const Value medicine : rows) {
      table.Row({Name(request.source, medicine), Dosage(medicine), Status(medicine),
                 DateText(MedicineDate(medicine)), Source(request.source, medicine)});
    }
    return table.Render();
  }));
  return out.Add(FactsRemarks(facts));
}

Result<Html> MedicinesSummary(SectionRequest& request, std::size_t most) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, Load(request));
  const Group current = Groups(facts)[kCurrent];
  if (current.values.empty()) return Html().Add("<p>"_html, current.when_empty, "</p>"_html);
  Table table("Current medicines", {"Medicine", "Dose", "Recorded"});
  for (const Value medicine :
       std::span(current.values).first(std::min(most, current.values.size()))) {
    table.Row({Name(request.source, medicine), Dosage(medicine),
               Recorded(DateText(MedicineDate(medicine)), Source(request.source, medicine))});
  }
  return table.Render().Add(MoreRemark(most, current.values.size()), FactsRemarks(facts));
}

}  // namespace strata::record_viewer
