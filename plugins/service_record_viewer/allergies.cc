#include <algorithm>
#include <array>

#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/sections.h"

// AllergyIntolerance: FHIR R4 allergyintolerance.html. "Nothing is recorded" and "none are known"
// are different facts, and mixing them up harms people.
namespace strata::record_viewer {
namespace {

using json::Value;

std::string_view AllergyDate(Value allergy) {
  const std::string_view recorded = allergy["recordedDate"].string();
  return recorded.empty() ? allergy["onsetDateTime"].string() : recorded;
}

constexpr std::string_view kSnomed = "http://snomed.info/sct";
constexpr std::string_view kIpsAbsent =
    "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips";

// SNOMED CT: no known allergy, drug, environmental, food, latex, animal, insect, venom allergy.
// The first four are in FHIR R4's value set allergyintolerance-code.
constexpr std::array<std::string_view, 8> kNoneKnown = {"716186003", "409137002", "428607008",
                                                        "429625007", "716184000", "716220001",
                                                        "428197003", "1003774007"};

bool SaysNoneKnown(Value allergy) {
  const Value code = allergy["code"];
  for (const std::string_view known : kNoneKnown) {
    if (HasCode(code, known, kSnomed)) return true;
  }
  for (const Value coding : code["coding"].elements()) {
    if (coding["system"].string() == kIpsAbsent &&
        coding["code"].string().starts_with("no-known-")) {
      return true;
    }
  }
  return false;
}

// "No information about allergies" as a code says the same as no entry.
bool SaysNothing(Value allergy) { return HasCode(allergy["code"], "no-allergy-info", kIpsAbsent); }

struct Allergies {
  std::vector<Value> none_known;
  Group current{"Current allergies and intolerances", "", {}};
  Group past{"Inactive or resolved", "", {}};
  Group ruled_out{"Ruled out", "", {}};
};

Allergies Sort(const Facts& facts) {
  Allergies out;
  for (const Value allergy : facts.values) {
    if (SaysNothing(allergy)) continue;
    const Value clinical = allergy["clinicalStatus"];
    if (HasCode(allergy["verificationStatus"], "refuted")) {
      out.ruled_out.values.push_back(allergy);
    } else if (HasCode(clinical, "inactive") || HasCode(clinical, "resolved")) {
      out.past.values.push_back(allergy);
    } else if (SaysNoneKnown(allergy)) {
      out.none_known.push_back(allergy);
    } else {
      out.current.values.push_back(allergy);
    }
  }
  return out;
}

Html Name(Value allergy) {
  const std::string text = ConceptText(allergy["code"]);
  Html out = Html::Text(text.empty() ? "Substance not named" : text);
  if (allergy["criticality"].string() == "high") {
    out.Add(" "_html, Tag("High criticality", TagColour::kRed));
  } else if (const auto criticality = allergy["criticality"].string(); !criticality.empty()) {
    out.Add("<span class=\"page-detail\">"_html, Sentence(criticality), " criticality</span>"_html);
  }
  for (const std::string& note : Notes(allergy["note"])) {
    out.Add("<span class=\"page-detail\">"_html, note, "</span>"_html);
  }
  return out;
}

Html Reactions(Value allergy) {
  Html out;
  for (const Value reaction : allergy["reaction"].elements()) {
    for (const Value manifestation : reaction["manifestation"].elements()) {
      if (!out.empty()) out.Add(", "_html);
      out.Add(ConceptText(manifestation));
    }
    if (const auto severity = reaction["severity"].string(); !severity.empty()) {
      out.Add(" ("_html, severity, ")"_html);
    }
  }
  return out.empty() ? Html("<span class=\"viewer-absent\">Not recorded</span>"_html) : out;
}

Html Status(Value allergy) {
  Html out = StatusTag(FirstCode(allergy["clinicalStatus"]));
  const std::string_view verification = FirstCode(allergy["verificationStatus"]);
  if (!verification.empty() && verification != "confirmed") {
    out.Add(" "_html, StatusTag(verification));
  }
  return out;
}

Html Source(RecordSource& source, Value allergy) {
  return SourceText(source, allergy, {"recorder", "asserter"});
}

Html Rows(RecordSource& source, const std::string& caption, std::span<const Value> rows) {
  Table table(caption, {"Allergy", "Reaction", "Status", "Recorded", "Source"});
  for (const Value allergy : rows) {
    table.Row({Name(allergy), Reactions(allergy), Status(allergy), DateText(AllergyDate(allergy)),
               Source(source, allergy)});
  }
  return table.Render();
}

// What can be said about allergies as a whole, before any list.
Html Statement(RecordSource& source, const Allergies& allergies) {
  const bool none_known = !allergies.none_known.empty();
  const bool current = !allergies.current.values.empty();
  Html out;
  if (none_known && current) {
    out.Add(Warning("The record contradicts itself",
                    Html("<p>It holds allergies and also a statement that none are known. Check "
                         "with the patient.</p>"_html)));
  }
  for (const Value statement : allergies.none_known) {
    out.Add("<p class=\"viewer-statement\"><strong>"_html, ConceptText(statement["code"]),
            "</strong><span class=\"page-detail\">Recorded "_html, DateText(AllergyDate(statement)),
            ", "_html, Source(source, statement), "</span></p>"_html);
  }
  if (none_known || current) return out;
  const bool nothing = allergies.past.values.empty() && allergies.ruled_out.values.empty();
  if (nothing) {
    return out.Add(Inset(Html(
        "<p><strong>No allergy information is recorded.</strong></p><p>Nobody has recorded "
        "whether this patient has allergies. This does not mean that there are none.</p>"_html)));
  }
  return out.Add(Inset(
      Html("<p><strong>No current allergies are recorded.</strong></p><p>No one has recorded that "
           "no allergies are known. This does not mean that there are none.</p>"_html)));
}

}  // namespace

Result<Html> AllergiesSection(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "AllergyIntolerance", AllergyDate));
  const Allergies allergies = Sort(facts);
  Html out("<h1 class=\"nhsuk-heading-l\">Allergies</h1>"_html);
  out.Add(Statement(request.source, allergies));
  out.Add(RenderGroups(
      request, {allergies.current, allergies.past, allergies.ruled_out},
      [&](const Group& group, auto rows) { return Rows(request.source, group.heading, rows); }));
  return out.Add(FactsRemarks(facts));
}

Result<Html> AllergiesSummary(SectionRequest& request, std::size_t most) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "AllergyIntolerance", AllergyDate));
  const Allergies allergies = Sort(facts);
  const std::span<const Value> current = allergies.current.values;
  Html out = Statement(request.source, allergies);
  if (!current.empty()) {
    Table table("Current allergies", {"Allergy", "Reaction", "Recorded"});
    for (const Value allergy : current.first(std::min(most, current.size()))) {
      table.Row({Name(allergy), Reactions(allergy),
                 Recorded(DateText(AllergyDate(allergy)), Source(request.source, allergy))});
    }
    out.Add(table.Render(), MoreRemark(most, current.size()));
  }
  return out.Add(FactsRemarks(facts));
}

}  // namespace strata::record_viewer
