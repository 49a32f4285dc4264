// Places (FHIR R4 location.html, search parameter near).

#include <cmath>
#include <optional>
#include <string>

#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/index/position_value.h"
#include "plugins/data_fhir/index/quantity_units.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

// What is near when the search does not say.
constexpr double kDefaultMetres = 50'000;

// Metres of a UCUM unit of length; nullopt when it is none.
std::optional<double> MetresOf(double value, const std::string& unit) {
  const auto base = index::BaseUnitOf(unit);
  const auto metre = index::BaseUnitOf("m");
  if (!base || !metre || base->name != metre->name) return std::nullopt;
  return base->Convert(value);
}

}  // namespace

Result<Criteria> CompileNear(const Subject& subject, std::string_view value) {
  const auto parts = SplitEscaped(value, '|');
  const auto number = [&](std::size_t i) {
    return i < parts.size() ? index::ParseNumber(parts[i]) : std::nullopt;
  };
  const std::optional<double> latitude = number(0);
  const std::optional<double> longitude = number(1);
  if (!latitude || !longitude || std::abs(*latitude) > 90 || std::abs(*longitude) > 180 ||
      parts.size() > 4) {
    return InvalidArgument(
        "the value should be latitude|longitude|distance|units, such as 51.5|-0.1|10|km");
  }
  double metres = kDefaultMetres;
  if (parts.size() > 2 && !parts[2].empty()) {
    const std::optional<double> distance = number(2);
    if (!distance || *distance < 0) return InvalidArgument("the distance should be 0 or more");
    const std::string unit = parts.size() == 4 ? Unescape(parts[3]) : std::string();
    const auto converted = MetresOf(*distance, unit.empty() ? "km" : unit);
    if (!converted)
      return InvalidArgument("the units should be a UCUM length such as km, m, [mi_i]");
    metres = *converted;
  }
  const index::Place centre{*latitude, *longitude};
  Criterion criterion;
  criterion.parameter = subject.parameter;
  for (const index::PlaceSpan& span : index::SpansAround(centre, metres)) {
    criterion.spans.push_back({span.begin, span.end});
  }
  criterion.matches = [centre, metres](std::string_view bytes) {
    const std::optional<index::Place> place = index::TakePlace(&bytes);
    // Coordinates are kept to about a centimetre.
    return place && index::DistanceOf(centre, *place) <= metres + 0.02;
  };
  return Criteria{std::move(criterion)};
}

}  // namespace strata::fhir::search
