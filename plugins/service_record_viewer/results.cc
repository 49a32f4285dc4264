#include <algorithm>
#include <array>
#include <map>

#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/observations.h"
#include "plugins/service_record_viewer/sections.h"

// The list of results: one line for each test, with its latest value.
namespace strata::record_viewer {
namespace {

using json::Value;

// http://terminology.hl7.org/CodeSystem/observation-category, in the order of the page.
struct Category {
  std::string_view code;
  std::string_view heading;
};
constexpr std::array<Category, 9> kCategories = {{{"laboratory", "Laboratory"},
                                                  {"vital-signs", "Vital signs"},
                                                  {"imaging", "Imaging"},
                                                  {"procedure", "Procedures"},
                                                  {"exam", "Examination"},
                                                  {"survey", "Surveys and scores"},
                                                  {"social-history", "Social history"},
                                                  {"therapy", "Therapy"},
                                                  {"activity", "Activity"}}};

std::size_t CategoryOf(Value observation) {
  for (const Value category : observation["category"].elements()) {
    for (std::size_t i = 0; i < kCategories.size(); ++i) {
      if (HasCode(category, kCategories[i].code)) return i;
    }
  }
  return kCategories.size();
}

// Results of one test: the latest one, and how many there are.
struct Test {
  Value latest;
  std::size_t count = 0;
};

// Tests in the order of their latest result, newest first.
std::vector<Test> TestsOf(const Facts& facts) {
  std::vector<Test> tests;
  std::map<std::string, std::size_t> index;
  for (const Value observation : facts.values) {
    const auto [at, is_new] = index.emplace(TestKey(observation["code"]), tests.size());
    if (is_new) tests.push_back({observation, 0});
    ++tests[at->second].count;
  }
  return tests;
}

Html TestLink(const SectionRequest& request, Value observation) {
  const std::string name = ConceptText(observation["code"]);
  return Html().Add("<a href=\""_html, request.RecordPath(), "/results/"_html,
                    observation["id"].string(), "\">"_html, name.empty() ? "Test not named" : name,
                    "</a>"_html);
}

std::string CountText(std::size_t count) {
  return count == 1 ? "1 result" : std::to_string(count) + " results";
}

Html ValueAndStatus(Value observation) {
  Html out = ObservationValue(observation);
  return out.Add(" "_html, ObservationStatus(observation));
}

}  // namespace

Result<Html> ResultsSection(SectionRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "Observation", ObservationDate));
  std::vector<Group> groups;
  for (const Category& category : kCategories) {
    groups.push_back({std::string(category.heading), "", {}});
  }
  groups.push_back({"Other results", "", {}});
  std::map<std::string, std::size_t> counts;
  for (const Test& test : TestsOf(facts)) {
    groups[CategoryOf(test.latest)].values.push_back(test.latest);
    counts[TestKey(test.latest["code"])] = test.count;
  }
  Html out("<h1 class=\"nhsuk-heading-l\">Results</h1>"_html);
  if (facts.values.empty()) out.Add("<p>No results are recorded.</p>"_html);
  out.Add(RenderGroups(request, groups, [&](const Group& group, auto rows) {
    Table table(group.heading,
                {"Test", "Latest value", "Date", "Reference range", "Source", "All"});
    for (const Value latest : rows) {
      table.Row({TestLink(request, latest), ValueAndStatus(latest),
                 DateText(ObservationDate(latest)), ReferenceRange(latest),
                 ObservationSource(request.source, latest),
                 Html::Text(CountText(counts[TestKey(latest["code"])]))});
    }
    return table.Render();
  }));
  return out.Add(FactsRemarks(facts));
}

Result<Html> ResultsSummary(SectionRequest& request, std::size_t most) {
  STRATA_ASSIGN_OR_RETURN(const Facts facts, LoadFacts(request, "Observation", ObservationDate));
  const std::vector<Test> tests = TestsOf(facts);
  if (tests.empty()) return Html("<p>No results are recorded.</p>"_html);
  Table table("Latest results", {"Test", "Latest value", "Recorded"});
  for (const Test& test : std::span(tests).first(std::min(most, tests.size()))) {
    table.Row({TestLink(request, test.latest), ValueAndStatus(test.latest),
               Recorded(DateText(ObservationDate(test.latest)),
                        ObservationSource(request.source, test.latest))});
  }
  return table.Render().Add(MoreRemark(most, tests.size()), FactsRemarks(facts));
}

}  // namespace strata::record_viewer
