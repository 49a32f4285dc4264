#include "plugins/service_record_viewer/fhir_text.h"

#include <array>
#include <utility>

#include "plugins/service_record_viewer/dates.h"

namespace strata::record_viewer {
namespace {

using json::Value;

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kSystems = {{
    {"http://snomed.info/sct", "SNOMED CT"},
    {"http://loinc.org", "LOINC"},
    {"https://dmd.nhs.uk", "dm+d"},
    {"https://dmd.nhs.uk/", "dm+d"},
    {"http://unitsofmeasure.org", "UCUM"},
    {"http://hl7.org/fhir/sid/icd-10", "ICD-10"},
    {"http://hl7.org/fhir/sid/icd-10-uk", "ICD-10"},
    {"https://fhir.hl7.org.uk/Id/opcs-4", "OPCS-4"},
    {"https://fhir.nhs.uk/Id/opcs-4", "OPCS-4"},
    {"http://read.info/readv2", "Read v2"},
    {"http://read.info/ctv3", "CTV3"},
    {"http://hl7.org/fhir/sid/cvx", "CVX"},
    {"http://www.nlm.nih.gov/research/umls/rxnorm", "RxNorm"},
    {"http://terminology.hl7.org/CodeSystem/v3-ActCode", "HL7 ActCode"},
}};

void Join(std::string_view text, std::string_view separator, std::string* out) {
  if (text.empty()) return;
  if (!out->empty()) out->append(separator);
  out->append(text);
}

std::string JoinStrings(Value array) {
  std::string out;
  for (const Value item : array.elements()) Join(item.string(), " ", &out);
  return out;
}

// One of the names of a patient, by use.
Value ChooseName(Value names) {
  for (const std::string_view use : {"official", "usual"}) {
    for (const Value name : names.elements()) {
      if (name["use"].string() == use) return name;
    }
  }
  for (const Value name : names.elements()) {
    const std::string_view use = name["use"].string();
    if (use != "old" && use != "maiden") return name;
  }
  return names.At(0);
}

std::string RatioText(Value ratio) {
  const std::string over = QuantityText(ratio["numerator"]);
  const std::string under = QuantityText(ratio["denominator"]);
  return over.empty() || under.empty() ? over + under : over + " / " + under;
}

std::string SampledText(Value data) {
  return data ? "Sampled data (" + std::string(data["dimensions"].lexeme()) + " dimensions)"
              : std::string();
}

std::string PrimitiveText(Value value) {
  if (value.is_bool()) return value.bool_value() ? "Yes" : "No";
  if (value.is_number()) return std::string(value.lexeme());
  return std::string(value.string());
}

}  // namespace

std::string_view CodeSystemName(std::string_view system) {
  for (const auto& [url, name] : kSystems) {
    if (url == system) return name;
  }
  return system;
}

std::string CodingText(Value coding) {
  if (const auto display = coding["display"].string(); !display.empty()) {
    return std::string(display);
  }
  std::string out(coding["code"].string());
  const std::string_view system = CodeSystemName(coding["system"].string());
  if (out.empty()) out = "No code";
  out += system.empty() ? " (no code system)" : " (" + std::string(system) + ")";
  return coding ? out : std::string();
}

std::string ConceptText(Value concept_value) {
  if (const auto text = concept_value["text"].string(); !text.empty()) return std::string(text);
  const Value codings = concept_value["coding"];
  for (const Value coding : codings.elements()) {
    if (coding["userSelected"].bool_value()) return CodingText(coding);
  }
  for (const Value coding : codings.elements()) {
    if (!coding["display"].string().empty()) return CodingText(coding);
  }
  return CodingText(codings.At(0));
}

bool HasCode(Value concept_value, std::string_view code, std::string_view system) {
  for (const Value coding : concept_value["coding"].elements()) {
    if (coding["code"].string() == code &&
        (system.empty() || coding["system"].string() == system)) {
      return true;
    }
  }
  return false;
}

std::string_view FirstCode(Value concept_value) {
  return concept_value["coding"].At(0)["code"].string();
}

std::string Capitals(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    if (c >= 'a' && c <= 'z') {
      out.push_back(static_cast<char>(c - 'a' + 'A'));
    } else if (c == 0xC3 && next >= 0xA0 && next <= 0xBE && next != 0xB7) {
      out.append({text[i], static_cast<char>(next - 0x20)});  // U+00E0..U+00FE without U+00F7
      ++i;
    } else if ((c == 0xC4 && (next & 1) != 0 && next < 0xB8) ||
               (c == 0xC5 && next >= 0x8A && next <= 0xB7 && (next & 1) != 0)) {
      out.append({text[i], static_cast<char>(next - 1)});  // pairs of Latin Extended-A
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string PatientName(Value patient) {
  const Value name = ChooseName(patient["name"]);
  const std::string family = Capitals(name["family"].string());
  const std::string given = JoinStrings(name["given"]);
  std::string out = family;
  Join(given, ", ", &out);
  if (out.empty()) out = name["text"].string();
  if (out.empty()) return "Name not recorded";
  const std::string title = JoinStrings(name["prefix"]);
  if (!title.empty()) out += " (" + title + ")";
  return out;
}

std::string PersonName(Value name) {
  if (const auto text = name["text"].string(); !text.empty()) return std::string(text);
  std::string out = JoinStrings(name["prefix"]);
  Join(JoinStrings(name["given"]), " ", &out);
  Join(name["family"].string(), " ", &out);
  return out;
}

std::string GenderText(Value patient) {
  const std::string_view code = patient["gender"].string();
  return code.empty() ? "Not recorded" : Sentence(code);
}

std::string QuantityText(Value quantity) {
  std::string out(quantity["comparator"].string());
  Join(quantity["value"].lexeme(), " ", &out);
  std::string_view unit = quantity["unit"].string();
  if (unit.empty()) unit = quantity["code"].string();
  if (unit == "%") return out + "%";
  Join(unit, " ", &out);
  return out;
}

std::string RangeText(Value low, Value high) {
  if (low["value"] && high["value"]) {
    const bool same_unit = low["unit"].string() == high["unit"].string();
    const std::string from = same_unit ? std::string(low["value"].lexeme()) : QuantityText(low);
    return from + " to " + QuantityText(high);
  }
  if (low["value"]) return QuantityText(low) + " or more";
  if (high["value"]) return QuantityText(high) + " or less";
  return {};
}

std::string ValueText(Value element) {
  for (const json::Member member : element.members()) {
    std::string_view name = member.name;
    if (!name.starts_with("value")) continue;
    name.remove_prefix(5);
    const Value value = member.value;
    if (name == "Quantity") return QuantityText(value);
    if (name == "CodeableConcept") return ConceptText(value);
    if (name == "DateTime") return ShortDate(value.string());
    if (name == "Period") return PeriodText(value);
    if (name == "Range") return RangeText(value["low"], value["high"]);
    if (name == "Ratio") return RatioText(value);
    if (name == "SampledData") return SampledText(value);
    if (!value.is_object() && !value.is_array()) return PrimitiveText(value);
    return "Value of a kind that cannot be shown here (" + std::string(name) + ")";
  }
  return {};
}

std::string AbsentReason(Value element) { return ConceptText(element["dataAbsentReason"]); }

std::string PeriodText(Value period) {
  const std::string start = ShortDate(period["start"].string());
  const std::string end = ShortDate(period["end"].string());
  if (start.empty() && end.empty()) return {};
  if (end.empty()) return "From " + start;
  if (start.empty()) return "Until " + end;
  return start == end ? start : start + " to " + end;
}

std::string Sentence(std::string_view code) {
  std::string out(code);
  for (char& c : out) {
    if (c == '-' || c == '_') c = ' ';
  }
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') {
    out[0] = static_cast<char>(out[0] - 'a' + 'A');
  }
  return out;
}

std::vector<std::string> Notes(Value annotations) {
  std::vector<std::string> out;
  for (const Value note : annotations.elements()) {
    if (const auto text = note["text"].string(); !text.empty()) out.emplace_back(text);
  }
  return out;
}

}  // namespace strata::record_viewer
