#include "plugins/data_fhir/search/criterion.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/search/criteria.h"

namespace strata::fhir::search {

using model::SearchType;

ValueSpan StartingWith(std::string_view prefix) {
  return {std::string(prefix), layout::PrefixEnd(prefix)};
}

bool Criterion::Accepts(std::string_view value) const {
  if (exact) return value == *exact;
  const auto behind =
      std::upper_bound(spans.begin(), spans.end(), value,
                       [](std::string_view v, const ValueSpan& span) { return v < span.begin; });
  if (behind == spans.begin()) return false;
  const ValueSpan& span = *std::prev(behind);
  if (!span.end.empty() && value >= span.end) return false;
  return !matches || matches(value);
}

Criterion Criterion::Exact(layout::ParameterNumber parameter, std::string value) {
  Criterion criterion;
  criterion.parameter = parameter;
  criterion.spans = {StartingWith(value)};
  criterion.exact = std::move(value);
  return criterion;
}

Criterion Criterion::Both(const Criterion& a, const Criterion& b) {
  if (a.exact && b.Accepts(*a.exact)) return a;
  if (b.exact && a.Accepts(*b.exact)) return b;
  Criterion both;
  both.parameter = a.parameter;
  for (const ValueSpan& x : a.spans) {
    for (const ValueSpan& y : b.spans) {
      ValueSpan span{std::max(x.begin, y.begin), std::min(x.end, y.end)};
      if (x.end.empty() || y.end.empty()) span.end = x.end + y.end;  // The one that is not open.
      if (span.end.empty() || span.begin < span.end) both.spans.push_back(std::move(span));
    }
  }
  both.matches = [a, b](std::string_view value) { return a.Accepts(value) && b.Accepts(value); };
  return both;
}

std::string_view ModifiersOf(SearchType type) {
  switch (type) {
    case SearchType::kToken:
      return "not,text,of-type,in,not-in,above,below";
    case SearchType::kString:
      return "exact,contains";
    case SearchType::kReference:
      return "identifier,[type],above,below";
    case SearchType::kUri:
      return "above,below";
    case SearchType::kDate:
    case SearchType::kNumber:
    case SearchType::kQuantity:
    case SearchType::kComposite:
    case SearchType::kSpecial:
      break;
  }
  return {};
}

Result<Criteria> CompileValue(const Subject& subject, std::string_view value) {
  switch (subject.definition->type) {
    case SearchType::kToken:
      return CompileToken(subject, value);
    case SearchType::kString:
      return CompileString(subject, value);
    case SearchType::kReference:
      return CompileReference(subject, value);
    case SearchType::kDate:
      return CompileDate(subject, value);
    case SearchType::kNumber:
      return CompileNumber(subject, value);
    case SearchType::kQuantity:
      return CompileQuantity(subject, value);
    case SearchType::kUri:
      return CompileUri(subject, value);
    case SearchType::kComposite:
      return CompileComposite(subject, value);
    case SearchType::kSpecial:
      return CompileNear(subject, value);
  }
  return Unimplemented("this parameter is not supported");
}

}  // namespace strata::fhir::search
