#include "plugins/data_fhir/index/derived.h"

#include <algorithm>
#include <array>
#include <vector>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::index {
namespace {

using layout::ParameterNumber;
using layout::TypeNumber;

// Stored: only ever more of them, with a format of their own.
struct NamedPair {
  std::string_view type;
  std::string_view first;
  std::string_view second;
  std::string_view rows;
};
constexpr std::array<NamedPair, 17> kPairs = {
    {{"AllergyIntolerance", "code", "date", "_code-date"},
     {"Condition", "code", "onset-date", "_code-onset-date"},
     {"Condition", "code", "recorded-date", "_code-recorded-date"},
     {"DiagnosticReport", "code", "date", "_code-date"},
     {"DocumentReference", "type", "date", "_type-date"},
     {"Encounter", "class", "date", "_class-date"},
     {"Encounter", "type", "date", "_type-date"},
     {"Immunization", "vaccine-code", "date", "_vaccine-code-date"},
     {"MedicationAdministration", "code", "effective-time", "_code-effective-time"},
     {"MedicationDispense", "code", "whenhandedover", "_code-whenhandedover"},
     {"MedicationRequest", "code", "authoredon", "_code-authoredon"},
     {"MedicationStatement", "code", "effective", "_code-effective"},
     {"Observation", "category", "code", "_category-code"},
     {"Observation", "category", "date", "_category-date"},
     {"Observation", "code", "date", "_code-date"},
     {"Procedure", "code", "date", "_code-date"},
     {"ServiceRequest", "code", "authored", "_code-authored"}}};
// A composite of Observation and its components, that of the resource, that of the components.
constexpr std::array<std::array<std::string_view, 3>, 2> kCovered = {
    {{"combo-code-value-concept", "code-value-concept", "component-code-value-concept"},
     {"combo-code-value-quantity", "code-value-quantity", "component-code-value-quantity"}}};
constexpr std::array<std::string_view, 21> kUsuallyThere = {
    "_lastUpdated", "authoredon", "birthdate",   "category",  "class",   "clinical-status",
    "code",         "created",    "date",        "encounter", "family",  "gender",
    "given",        "intent",     "medication",  "name",      "patient", "status",
    "subject",      "type",       "vaccine-code"};

constexpr std::array<std::string_view, 3> kTexts = {"code", "reason-code", "vaccine-code"};
constexpr std::string_view kTextOfEncounter = "type";

struct Pair {
  ParameterNumber first = 0;
  ParameterNumber second = 0;
  ParameterNumber rows = 0;
};
struct Covered {
  ParameterNumber composite = 0;
  std::array<ParameterNumber, 2> by{};
};
struct OfType {
  std::vector<Pair> pairs;
  std::vector<Covered> covered;
  std::vector<ParameterNumber> texts;
  std::vector<ParameterNumber> usually_there;
};
using ByType = std::array<OfType, 256>;

ByType AllTypes() {
  ByType all;
  for (const NamedPair& pair : kPairs) {
    all[layout::TypeNumberOf(pair.type)].pairs.push_back({layout::ParameterNumberOf(pair.first),
                                                          layout::ParameterNumberOf(pair.second),
                                                          layout::ParameterNumberOf(pair.rows)});
  }
  for (const auto& [composite, whole, parts] : kCovered) {
    all[layout::TypeNumberOf("Observation")].covered.push_back(
        {layout::ParameterNumberOf(composite),
         {layout::ParameterNumberOf(whole), layout::ParameterNumberOf(parts)}});
  }
  all[layout::TypeNumberOf("Encounter")].texts.push_back(
      layout::ParameterNumberOf(kTextOfEncounter));
  for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
    const std::string_view name = layout::TypeNameOf(static_cast<TypeNumber>(type));
    for (const std::string_view code : kTexts) {
      all[type].texts.push_back(layout::ParameterNumberOf(code));
    }
    for (const std::string_view code : kUsuallyThere) {
      const model::SearchParameter* found = model::R4Search().Find(name, code);
      if (found == nullptr || found->expression.empty()) continue;
      all[type].usually_there.push_back(layout::ParameterNumberOf(code));
    }
  }
  return all;
}

const OfType& For(TypeNumber type) {
  static const ByType all = AllTypes();
  return all[type];
}

// Of values that can be searched for.
std::vector<std::string> ValuesOf(const EntryList& entries, ParameterNumber parameter) {
  std::vector<std::string> values;
  const EntryList::Range range = entries.RangeOf(parameter);
  for (std::size_t i = range.first; i < range.last; ++i) {
    if (!entries[i].value.empty()) values.emplace_back(entries[i].value);
  }
  return values;
}

struct Derived {
  ParameterNumber parameter = 0;
  std::string value;
};

void AppendPairs(const EntryList& entries, const Pair& pair, std::vector<Derived>* out) {
  const std::vector<std::string> seconds = ValuesOf(entries, pair.second);
  if (seconds.empty()) return;
  std::vector<std::string> starts = ValuesOf(entries, pair.first);
  if (starts.size() * seconds.size() > kMaxPairs) starts = {std::string(kAnyStart)};
  for (const std::string& start : starts) {
    for (const std::string& second : seconds) out->push_back({pair.rows, start + second});
  }
}

void AppendAbsence(const EntryList& entries, ParameterNumber parameter, std::vector<Derived>* out) {
  const EntryList::Range range = entries.RangeOf(parameter);
  // An empty value comes before the others.
  if (range.first != range.last && !entries[range.last - 1].value.empty()) return;
  const Absence absence = range.first == range.last ? Absence::kMissing : Absence::kUnsearchable;
  out->push_back({AbsenceNumber(), AbsenceOf(parameter, absence)});
}

}  // namespace

void AddDerived(TypeNumber type, EntryList* entries) {
  std::vector<Derived> derived;
  for (const Pair& pair : For(type).pairs) AppendPairs(*entries, pair, &derived);
  for (const ParameterNumber parameter : For(type).usually_there) {
    AppendAbsence(*entries, parameter, &derived);
  }
  if (derived.empty()) return;
  for (const Derived& each : derived) entries->Add(each.parameter, each.value);
  entries->Finish();
}

bool IsDerived(TypeNumber type, ParameterNumber rows) {
  const auto own = static_cast<ParameterNumber>(rows & ~layout::kCompanion);
  return rows == AbsenceNumber() || (own != rows && HasTexts(type, own)) ||
         std::any_of(kPairs.begin(), kPairs.end(), [rows](const NamedPair& pair) {
           return layout::ParameterNumberOf(pair.rows) == rows;
         });
}

ParameterNumber PairNumber(TypeNumber type, ParameterNumber first, ParameterNumber second) {
  for (const Pair& pair : For(type).pairs) {
    if (pair.first == first && pair.second == second) return pair.rows;
  }
  return 0;
}

std::span<const ParameterNumber> CoveredBy(TypeNumber type, ParameterNumber composite) {
  for (const Covered& covered : For(type).covered) {
    if (covered.composite == composite) return covered.by;
  }
  return {};
}

bool HasTexts(TypeNumber type, ParameterNumber parameter) {
  const std::vector<ParameterNumber>& texts = For(type).texts;
  return std::find(texts.begin(), texts.end(), parameter) != texts.end();
}

bool TellsAbsence(TypeNumber type, ParameterNumber parameter) {
  const std::vector<ParameterNumber>& told = For(type).usually_there;
  return std::find(told.begin(), told.end(), parameter) != told.end();
}

ParameterNumber AbsenceNumber() {
  static const ParameterNumber number = layout::ParameterNumberOf("_absent");
  return number;
}

std::string AbsenceOf(ParameterNumber parameter, Absence absence) {
  std::string value(1, static_cast<char>(absence));
  layout::AppendBigEndian(parameter, sizeof(parameter), &value);
  return value;
}

}  // namespace strata::fhir::index
