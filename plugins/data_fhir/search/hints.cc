#include "plugins/data_fhir/search/hints.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/data_fhir/index/derived.h"

namespace strata::fhir::search {
namespace {

constexpr std::size_t kMostPlaces = 64;

// Rows of an empty value stand among those of others, in order of number (5 bytes, which begin with
// zeros): values that begin so do not lie around them.
constexpr std::size_t kNumberBytes = 5;
bool HoldsNoNumber(std::string_view begin) {
  return begin.size() > kNumberBytes || (!begin.empty() && begin.front() >= ' ');
}

// What `second` finds behind one start of a pair.
Criterion Behind(const std::string& start, layout::ParameterNumber rows, const Criterion& second) {
  if (second.exact) return Criterion::Exact(rows, start + *second.exact);
  Criterion criterion;
  criterion.parameter = rows;
  for (const ValueSpan& span : second.spans) {
    const std::string end = span.end.empty() ? StartingWith(start).end : start + span.end;
    criterion.spans.push_back({start + span.begin, end});
  }
  if (second.matches) {
    criterion.matches = [size = start.size(), matches = second.matches](std::string_view value) {
      return matches(value.substr(size));
    };
  }
  return criterion;
}

}  // namespace

layout::ParameterNumber OnlyParameter(const Clause& clause) {
  if (clause.any.empty() || !clause.joins.empty() || clause.by_id || !clause.ids.empty()) return 0;
  const layout::ParameterNumber first = clause.any.front().parameter;
  const bool alike = std::all_of(clause.any.begin(), clause.any.end(), [&](const Criterion& c) {
    return c.parameter == first && !c.verify && !c.look;
  });
  return alike ? first : layout::ParameterNumber{0};
}

std::optional<Clause> PairHint(const CompositeRows& rows, std::span<const Criterion> values,
                               const Clause& second) {
  Clause hint;
  hint.hint = true;
  hint.name = second.name;
  std::size_t places = 0;
  std::vector<std::string> starts;
  if (rows.is_pair) starts.emplace_back(index::kAnyStart);
  for (const Criterion& value : values) starts.push_back(*value.exact);
  for (const std::string& start : starts) {
    for (const Criterion& criterion : second.any) {
      places += criterion.spans.size();
      if (places > kMostPlaces) return std::nullopt;
      hint.any.push_back(Behind(start, rows.number, criterion));
    }
  }
  return hint;
}

std::optional<Clause> RestHint(layout::TypeNumber type, const Clause& negated) {
  const layout::ParameterNumber parameter = OnlyParameter(negated);
  if (parameter == 0 || !index::TellsAbsence(type, parameter)) return std::nullopt;
  std::vector<ValueSpan> left_out;
  for (const Criterion& criterion : negated.any) {
    if (criterion.matches && !criterion.exact) return std::nullopt;
    left_out.insert(left_out.end(), criterion.spans.begin(), criterion.spans.end());
  }
  if (left_out.size() > kMostPlaces) return std::nullopt;
  std::sort(left_out.begin(), left_out.end(),
            [](const ValueSpan& a, const ValueSpan& b) { return a.begin < b.begin; });
  Criterion others;
  others.parameter = parameter;
  std::string begin;
  for (const ValueSpan& span : left_out) {
    if (!HoldsNoNumber(span.begin) || span.end.empty()) return std::nullopt;
    if (begin < span.begin) others.spans.push_back({begin, span.begin});
    begin = std::max(begin, span.end);
  }
  others.spans.push_back({begin, {}});
  Clause hint;
  hint.hint = true;
  hint.name = negated.name;
  hint.any = {std::move(others),
              Criterion::Exact(index::AbsenceNumber(),
                               index::AbsenceOf(parameter, index::Absence::kMissing))};
  return hint;
}

}  // namespace strata::fhir::search
