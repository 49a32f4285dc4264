#include "plugins/service_record_viewer/facts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/service_record_viewer/dates.h"
#include "plugins/service_record_viewer/fhir_text.h"

namespace strata::record_viewer {
namespace {

using json::Value;

constexpr std::string_view kError = "entered-in-error";

bool IsEnteredInError(Value resource) {
  return resource["status"].string() == kError || resource["docStatus"].string() == kError ||
         HasCode(resource["verificationStatus"], kError);
}

void SortByDate(DateOf date_of, std::vector<Value>* values) {
  std::vector<std::pair<std::int64_t, Value>> keyed;
  keyed.reserve(values->size());
  for (const Value value : *values) keyed.emplace_back(SortKey(date_of(value)), value);
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::transform(keyed.begin(), keyed.end(), values->begin(),
                 [](const auto& pair) { return pair.second; });
}

// The Reference itself, or that of an actor within a participant.
Value ActorOf(Value element) {
  for (const std::string_view member : {"actor", "individual", "onBehalfOf"}) {
    if (element[member]) return element[member];
  }
  return element;
}

void AddName(RecordSource& source, Value resource, Value reference,
             std::vector<std::string>* names) {
  std::string name = source.NameOf(ActorOf(reference), resource);
  if (!name.empty() && std::find(names->begin(), names->end(), name) == names->end()) {
    names->push_back(std::move(name));
  }
}

struct StatusColour {
  std::string_view code;
  TagColour colour;
};
constexpr std::array<StatusColour, 22> kStatusColours = {
    {{"active", TagColour::kGreen},       {"recurrence", TagColour::kGreen},
     {"relapse", TagColour::kGreen},      {"in-progress", TagColour::kGreen},
     {"on-hold", TagColour::kYellow},     {"draft", TagColour::kYellow},
     {"preliminary", TagColour::kYellow}, {"partial", TagColour::kYellow},
     {"registered", TagColour::kYellow},  {"unconfirmed", TagColour::kYellow},
     {"provisional", TagColour::kYellow}, {"differential", TagColour::kYellow},
     {"unknown", TagColour::kYellow},     {"amended", TagColour::kBlue},
     {"corrected", TagColour::kBlue},     {"appended", TagColour::kBlue},
     {"refuted", TagColour::kOrange},     {"not-done", TagColour::kOrange},
     {"not-taken", TagColour::kOrange},   {"cancelled", TagColour::kOrange},
     {"stopped", TagColour::kOrange},     {"superseded", TagColour::kOrange}}};

}  // namespace

Result<Facts> LoadFacts(const SectionRequest& request, std::string_view type, DateOf date_of,
                        const web::Parameters& more) {
  web::Parameters parameters = {{"patient", "Patient/" + request.patient_id}};
  parameters.insert(parameters.end(), more.begin(), more.end());
  Facts facts;
  STRATA_ASSIGN_OR_RETURN(facts.list, request.source.SearchAll(type, parameters));
  facts.truncated = facts.list.truncated;
  for (const json::Document& document : facts.list.documents) {
    if (IsEnteredInError(document.root())) {
      ++facts.entered_in_error;
    } else {
      facts.values.push_back(document.root());
    }
  }
  SortByDate(date_of, &facts.values);
  return facts;
}

void Merge(Facts&& from, DateOf date_of, Facts* into) {
  std::move(from.list.documents.begin(), from.list.documents.end(),
            std::back_inserter(into->list.documents));
  into->values.insert(into->values.end(), from.values.begin(), from.values.end());
  into->entered_in_error += from.entered_in_error;
  into->truncated = into->truncated || from.truncated;
  SortByDate(date_of, &into->values);
}

Html FactsRemarks(const Facts& facts) {
  Html out;
  if (facts.truncated) {
    out.Add(Warning("Not everything is shown",
                    Html("<p>This record has more entries than this page can read. The newest may "
                         "be missing.</p>"_html)));
  }
  if (facts.entered_in_error > 0) {
    out.Add("<p class=\"nhsuk-body-s viewer-remark\">"_html, facts.entered_in_error,
            facts.entered_in_error == 1
                ? " entry was marked as entered in error and is not shown.</p>"_html
                : " entries were marked as entered in error and are not shown.</p>"_html);
  }
  return out;
}

Html MoreRemark(std::size_t most, std::size_t total) {
  if (total <= most) return {};
  return Html().Add("<p class=\"nhsuk-body-s viewer-remark\">"_html, total - most,
                    " more in this section.</p>"_html);
}

Value FirstOf(Value resource, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members) {
    if (const Value value = resource[member]) return value;
  }
  return {};
}

Html SourceText(RecordSource& source, Value resource,
                std::initializer_list<std::string_view> members) {
  std::vector<std::string> names;
  for (const std::string_view member : members) {
    const Value value = resource[member];
    if (value.is_object()) AddName(source, resource, value, &names);
    for (const Value element : value.elements()) AddName(source, resource, element, &names);
  }
  if (names.empty()) return Html("<span class=\"viewer-absent\">Source not recorded</span>"_html);
  Html out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out.Add(", "_html);
    out.Add(names[i]);
  }
  return out;
}

Html StatusTag(std::string_view code) {
  if (code.empty()) return Html("<span class=\"viewer-absent\">Status not recorded</span>"_html);
  for (const auto& [known, colour] : kStatusColours) {
    if (known == code) return Tag(Sentence(code), colour);
  }
  return Tag(Sentence(code), TagColour::kGrey);
}

bool BelongsTo(Value resource, std::string_view patient_id) {
  const std::string own = "Patient/" + std::string(patient_id);
  for (const std::string_view member : {"subject", "patient"}) {
    std::string_view reference = resource[member]["reference"].string();
    reference = reference.substr(0, reference.find("/_history/"));
    if (reference == own || reference.ends_with("/" + own)) return true;
  }
  return false;
}

Html RenderGroups(const SectionRequest& request, const std::vector<Group>& groups,
                  const RenderRows& render) {
  Paging paging = request.paging;
  paging.total = 0;
  for (const Group& group : groups) paging.total += group.values.size();
  Html out;
  std::size_t start = 0;
  for (const Group& group : groups) {
    const std::size_t from = std::clamp(paging.begin(), start, start + group.values.size());
    const std::size_t to = std::clamp(paging.end(), start, start + group.values.size());
    const std::span<const Value> rows(group.values.data() + (from - start), to - from);
    start += group.values.size();
    const bool say_empty = group.values.empty() && !group.when_empty.empty() && paging.begin() == 0;
    if (rows.empty() && !say_empty) continue;
    out.Add("<h2 class=\"nhsuk-heading-m\">"_html, group.heading);
    if (!group.values.empty()) out.Add(" ("_html, group.values.size(), ")"_html);
    out.Add("</h2>"_html);
    if (rows.empty()) {
      out.Add("<p>"_html, group.when_empty, "</p>"_html);
    } else {
      out.Add(render(group, rows));
    }
  }
  return out.Add(RenderPaging(paging, request.path));
}

}  // namespace strata::record_viewer
