#include "plugins/service_record_viewer/observations.h"

#include <array>
#include <utility>

#include "plugins/service_record_viewer/fhir_text.h"

namespace strata::record_viewer {
namespace {

using json::Value;

// http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation
struct Flag {
  std::string_view code;
  std::string_view text;
  TagColour colour;
};
constexpr std::array<Flag, 10> kFlags = {{{"HH", "Critically high", TagColour::kRed},
                                          {"LL", "Critically low", TagColour::kRed},
                                          {"AA", "Critically abnormal", TagColour::kRed},
                                          {"H", "High", TagColour::kOrange},
                                          {"HU", "High", TagColour::kOrange},
                                          {"L", "Low", TagColour::kOrange},
                                          {"LU", "Low", TagColour::kOrange},
                                          {"A", "Abnormal", TagColour::kOrange},
                                          {"POS", "Positive", TagColour::kGrey},
                                          {"NEG", "Negative", TagColour::kGrey}}};

Html Interpretation(Value element) {
  Html out;
  for (const Value interpretation : element["interpretation"].elements()) {
    const std::string_view code = FirstCode(interpretation);
    if (code == "N") continue;
    bool known = false;
    for (const Flag& flag : kFlags) {
      if (flag.code != code) continue;
      out.Add(" "_html, Tag(flag.text, flag.colour));
      known = true;
    }
    if (!known) out.Add(" "_html, Tag(ConceptText(interpretation), TagColour::kGrey));
  }
  return out;
}

// Value or reason; empty when the element has neither.
Html OwnValue(Value element) {
  Html out;
  if (const std::string value = ValueText(element); !value.empty()) {
    out.Add(value, Interpretation(element));
  } else if (const std::string reason = AbsentReason(element); !reason.empty()) {
    out.Add("<span class=\"viewer-absent\">No value: "_html, reason, "</span>"_html);
  }
  return out;
}

}  // namespace

std::string_view ObservationDate(Value observation) {
  for (const std::string_view member : {"effectiveDateTime", "effectiveInstant"}) {
    if (const auto date = observation[member].string(); !date.empty()) return date;
  }
  if (const auto start = observation["effectivePeriod"]["start"].string(); !start.empty()) {
    return start;
  }
  return observation["issued"].string();
}

std::string TestKey(Value concept_value) {
  const Value codings = concept_value["coding"];
  Value chosen = codings.At(0);
  for (const std::string_view system : {"http://snomed.info/sct", "http://loinc.org"}) {
    for (const Value coding : codings.elements()) {
      if (coding["system"].string() == system) chosen = coding;
    }
  }
  if (!chosen["code"].string().empty()) {
    return std::string(chosen["system"].string()) + "|" + std::string(chosen["code"].string());
  }
  return ConceptText(concept_value);
}

Html ObservationValue(Value observation) {
  Html out = OwnValue(observation);
  for (const Value component : observation["component"].elements()) {
    const Html value = OwnValue(component);
    out.Add("<span class=\"viewer-component\">"_html, ConceptText(component["code"]), ": "_html,
            value.empty() ? Html("<span class=\"viewer-absent\">no value</span>"_html) : value,
            "</span>"_html);
  }
  if (!out.empty()) return out;
  if (observation["hasMember"].size() > 0) return Html("See its single results"_html);
  return Html("<span class=\"viewer-absent\">No value recorded</span>"_html);
}

Html ReferenceRange(Value observation) {
  Html out;
  for (const Value range : observation["referenceRange"].elements()) {
    std::string text(range["text"].string());
    if (text.empty()) text = RangeText(range["low"], range["high"]);
    if (text.empty()) continue;
    if (!out.empty()) out.Add("; "_html);
    out.Add(text);
    if (const Value type = range["type"]) out.Add(" ("_html, ConceptText(type), ")"_html);
  }
  return out.empty() ? Html("<span class=\"viewer-absent\">None given</span>"_html) : out;
}

Html ObservationStatus(Value observation) {
  const std::string_view status = observation["status"].string();
  return status == "final" ? Html() : StatusTag(status);
}

Html ObservationSource(RecordSource& source, Value observation) {
  return SourceText(source, observation, {"performer"});
}

}  // namespace strata::record_viewer
