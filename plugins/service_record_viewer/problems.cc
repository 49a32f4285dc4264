#include <algorithm>

#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/sections.h"

// Condition: FHIR R4 condition.html.
namespace strata::record_viewer {
namespace {

using json::Value;

std::string_view RecordedDate(Value condition) {
  const std::string_view recorded = condition["recordedDate"].string();
  return recorded.empty() ? condition["onsetDateTime"].string() : recorded;
}

enum Standing { kCurrent, kPast, kRuledOut };

// Only what was said to be over counts as past: a missing or unknown status stays with the current
// ones, where it is seen.
Standing StandingOf(Value condition) {
  if (HasCode(condition["verificationStatus"], "refuted")) return kRuledOut;
  for (const std::string_view over : {"inactive", "remission", "resolved"}) {
    if (HasCode(condition["clinicalStatus"], over)) return kPast;
  }
  return kCurrent;
}

std::string Onset(Value condition) {
  if (const Value age = condition["onsetAge"]) return "At age " + QuantityText(age);
  if (const Value period = condition["onsetPeriod"]) return PeriodText(period);
  if (const Value range = condition["onsetRange"]) return RangeText(range["low"], range["high"]);
  return std::string(condition["onsetString"].string());
}

Html Since(Value condition) {
  const std::string other = Onset(condition);
  Html out = other.empty() ? DateText(condition["onsetDateTime"].string()) : Html::Text(other);
  if (const Value end = condition["abatementDateTime"]) {
    out.Add(" to "_html, DateText(end.string()));
  } else if (const Value period = condition["abatementPeriod"]) {
    out.Add(", ended "_html, PeriodText(period));
  } else if (const Value text = condition["abatementString"]) {
    out.Add(", ended: "_html, text.string());
  }
  return out;
}

Html Status(Value condition) {
  Html out = StatusTag(FirstCode(condition["clinicalStatus"]));
  const std::string_view verification = FirstCode(condition["verificationStatus"]);
  if (!verification.empty() && verification != "confirmed") {
    out.Add(" "_html, StatusTag(verification));
  }
  return out;
}

Html Name(Value condition) {
  const std::string text = ConceptText(condition["code"]);
  Html out = Html::Text(text.empty() ? "Problem not named" : text);
  if (const Value severity = condition["severity"]) {
    out.Add(" <span class=\"page-detail\">"_html, ConceptText(severity), "</span>"_html);
  }
  for (const std::string& note : Notes(condition["note"])) {
    out.Add("<span class=\"page-detail\">"_html, note, "</span>"_html);
  }
  return out;
}

Html Rows(RecordSource& source, const std::string& caption, std::span<const Value> rows) {
  Table table(caption, {"Problem", "Status", "Since", "Recorded", "Source"});
  for (const Value condition : rows) {
    table.Row({Name(condition), Status(condition), Since(condition),
               DateText(condition["recordedDate"].string()),
               SourceText(source, condition, {"recorder", "asserter"})});
  }
  return table.Render();
}

std::vector<Group> Groups(const Facts& facts) {
  std::vector<Group> groups = {
      {"Current problems", "No current problems are recorded.", {}},
      {"Past problems", "", {}},
      {"Ruled out", "", {}},
  };
  for (const Value condition : facts.values)
    groups[StandingOf(condition)].values.push_back(condition);
  return groups;
}

}  // namespace

Result<Html> ProblemsSection(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "Condition", RecordedDate));
  Html out("<h1 class=\"nhsuk-heading-l\">Problems</h1>"_html);
  out.Add(RenderGroups(request, Groups(facts), [&](const Group& group, auto rows) {
    return Rows(request.source, group.heading, rows);
  }));
  return out.Add(FactsRemarks(facts));
}

Result<Html> ProblemsSummary(SectionRequest& request, std::size_t most) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "Condition", RecordedDate));
  const Group current = Groups(facts)[kCurrent];
  if (current.values.empty()) return Html().Add("<p>"_html, current.when_empty, "</p>"_html);
  Table table("Current problems", {"Problem", "Since"});
  for (const Value condition :
       std::span(current.values).first(std::min(most, current.values.size()))) {
    table.Row({Name(condition), Recorded(Since(condition), SourceText(request.source, condition,
                                                                      {"recorder", "asserter"}))});
  }
  return table.Render().Add(MoreRemark(most, current.values.size()), FactsRemarks(facts));
}

}  // namespace strata::record_viewer
