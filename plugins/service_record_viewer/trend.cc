#include <algorithm>
#include <charconv>
#include <map>

#include "plugins/service_record_viewer/dates.h"
#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/observations.h"
#include "plugins/service_record_viewer/plot.h"
#include "plugins/service_record_viewer/sections.h"

// All results of one test: plots of what is numeric, and everything as a table.
namespace strata::record_viewer {
namespace {

using json::Value;

// Values that are drawn as facts: not those that were withdrawn or are not there yet.
bool IsDrawn(Value observation) {
  const std::string_view status = observation["status"].string();
  return status != "cancelled" && status != "registered" && !ObservationDate(observation).empty();
}

// For drawing only: what is shown as text keeps its lexeme.
std::optional<double> NumberOf(Value quantity) {
  const std::string_view lexeme = quantity["value"].lexeme();
  double value = 0;
  const auto [end, error] = std::from_chars(lexeme.data(), lexeme.data() + lexeme.size(), value);
  if (lexeme.empty() || error != std::errc()) return std::nullopt;
  return value;
}

std::string UnitOf(Value quantity) {
  const std::string_view unit = quantity["unit"].string();
  return std::string(unit.empty() ? quantity["code"].string() : unit);
}

// Collects points by unit, so that no line ever joins values of different units.
class Collector {
 public:
  explicit Collector(std::string title) : title_(std::move(title)) {}

  void Add(Value observation) {
    if (!IsDrawn(observation)) return;
    const std::int64_t time_us = SortKey(ObservationDate(observation));
    AddElement(observation, ConceptText(observation["code"]), time_us);
    for (const Value component : observation["component"].elements()) {
      AddElement(component, ConceptText(component["code"]), time_us);
    }
  }

  std::vector<Plot> plots() && {
    std::vector<Plot> out;
    for (auto& [unit, plot] : by_unit_) {
      if (plot.drawable() && plot.series.size() <= 3) {
        out.push_back(std::move(plot));
      } else if (plot.drawable()) {
        Split(std::move(plot), &out);
      }
    }
    return out;
  }

 private:
  void AddElement(Value element, const std::string& label, std::int64_t time_us) {
    const Value quantity = element["valueQuantity"];
    const auto value = NumberOf(quantity);
    if (!value) return;
    Plot& plot = by_unit_[UnitOf(quantity)];
    plot.title = title_;
    plot.unit = UnitOf(quantity);
    auto series = std::find_if(plot.series.begin(), plot.series.end(),
                               [&](const PlotSeries& one) { return one.label == label; });
    if (series == plot.series.end()) series = plot.series.insert(series, {label, {}});
    series->points.push_back({time_us, *value, !quantity["comparator"].string().empty()});
    SetRange(element["referenceRange"].At(0), &plot);
  }

  // Observations come oldest first: the last range stands.
  static void SetRange(Value range, Plot* plot) {
    if (!range || range["appliesTo"] || UnitOf(FirstOf(range, {"low", "high"})) != plot->unit)
      return;
    plot->range_low = NumberOf(range["low"]);
    plot->range_high = NumberOf(range["high"]);
  }

  // More series than markers: one plot each.
  static void Split(Plot plot, std::vector<Plot>* out) {
    for (PlotSeries& series : plot.series) {
      Plot single{series.label, plot.unit, {std::move(series)}, std::nullopt, std::nullopt};
      if (single.drawable()) out->push_back(std::move(single));
    }
  }

  std::string title_;
  std::map<std::string, Plot> by_unit_;
};

// The token that finds the results of the same test; nothing when the test has no code.
web::Parameters CodeParameter(const std::string& key) {
  const std::size_t bar = key.rfind('|');
  if (bar == std::string::npos) return {};
  return {{"code", key}};
}

Html ValuesTable(const SectionRequest& request, const std::string& name,
                 std::span<const Value> rows) {
  Table table("Results of " + name, {"Date", "Value", "Reference range", "Status", "Source"});
  for (const Value observation : rows) {
    const Html status = ObservationStatus(observation);
    Html value = ObservationValue(observation);
    for (const std::string& note : Notes(observation["note"])) {
      value.Add("<span class=\"page-detail\">"_html, note, "</span>"_html);
    }
    table.Row({DateText(ObservationDate(observation)), value, ReferenceRange(observation),
               status.empty() ? Html("Final"_html) : status,
               ObservationSource(request.source, observation)});
  }
  return table.Render();
}

}  // namespace

Result<Html> TrendPage(SectionRequest& request, std::string_view id) {
  STRATA_ASSIGN_OR_RETURN(const json::Document chosen, request.source.Read("Observation", id));
  if (!BelongsTo(chosen.root(), request.patient_id)) {
    return NotFound("no such Observation in this record");
  }
  const Value code = chosen.root()["code"];
  const std::string key = TestKey(code);
  const std::string name = ConceptText(code).empty() ? "Test not named" : ConceptText(code);
  STRATA_ASSIGN_OR_RETURN(Facts facts,
                          LoadFacts(request, "Observation", ObservationDate, CodeParameter(key)));
  std::erase_if(facts.values, [&](Value one) { return TestKey(one["code"]) != key; });

  Collector collector(name);
  for (auto one = facts.values.rbegin(); one != facts.values.rend(); ++one) collector.Add(*one);
  Html out;
  out.Add("<p class=\"page-back\"><a class=\"nhsuk-back-link\" href=\""_html, request.RecordPath(),
          "/results\">All results</a></p>"_html, "<h1 class=\"nhsuk-heading-l\">"_html, name,
          "</h1>"_html);
  for (const Plot& plot : std::move(collector).plots()) out.Add(RenderPlot(plot));
  out.Add(RenderGroups(request, {{"Values", "No values are recorded.", facts.values}},
                       [&](const Group&, auto rows) { return ValuesTable(request, name, rows); }));
  return out.Add(FactsRemarks(facts));
}

}  // namespace strata::record_viewer
