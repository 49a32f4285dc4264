// Composites: the values of several parameters of one element (FHIR R4 search.html#composite).

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/text.h"

namespace strata::fhir::search {
namespace {

using model::SearchType;

// One component: how its bytes are cut out of the composite's and what they must be.
struct Part {
  SearchType type = SearchType::kToken;
  Criteria criteria;  // Any of them.

  bool Accepts(std::string_view bytes) const {
    return std::any_of(criteria.begin(), criteria.end(),
                       [&](const Criterion& criterion) { return criterion.Accepts(bytes); });
  }
};

// Cuts a component's value from the front; nullopt when the bytes are not its.
std::optional<std::string_view> TakeValue(SearchType type, std::string_view* bytes) {
  const std::string_view before = *bytes;
  switch (type) {
    case SearchType::kToken:
      return index::TakeToken(bytes);
    case SearchType::kString:
      return index::TakeString(bytes);
    case SearchType::kReference:
      return index::TakeReference(bytes);
    case SearchType::kUri:
      return index::TakeUri(bytes);
    case SearchType::kDate:
      if (!index::TakeDate(bytes)) return std::nullopt;
      break;
    case SearchType::kNumber:
      if (!index::TakeNumber(bytes)) return std::nullopt;
      break;
    case SearchType::kQuantity:
      if (!index::TakeQuantity(bytes)) return std::nullopt;
      break;
    case SearchType::kComposite:
    case SearchType::kSpecial:
      return std::nullopt;
  }
  return before.substr(0, before.size() - bytes->size());
}

// Where to look: behind an exact first value the second one narrows further.
std::vector<ValueSpan> SpansOf(const Criterion& first, const Part& second) {
  if (!first.exact) return first.spans;
  std::vector<ValueSpan> spans;
  for (const Criterion& criterion : second.criteria) {
    for (const ValueSpan& span : criterion.spans) {
      const ValueSpan all = StartingWith(*first.exact);
      spans.push_back(
          {*first.exact + span.begin, span.end.empty() ? all.end : *first.exact + span.end});
    }
  }
  std::sort(spans.begin(), spans.end(),
            [](const ValueSpan& a, const ValueSpan& b) { return a.begin < b.begin; });
  return spans;
}

}  // namespace

Result<Criteria> CompileComposite(const Subject& subject, std::string_view value) {
  const auto texts = SplitEscaped(value, '$');
  const auto& components = subject.definition->components;
  if (components.size() < 2) return Unimplemented("a composite needs two components");
  if (texts.size() != components.size()) {
    return InvalidArgument("the value should be " + std::to_string(components.size()) +
                           " values joined by $");
  }
  std::vector<Part> parts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Subject component = subject;
    component.definition = model::R4Search().FindByUrl(components[i].definition);
    if (component.definition == nullptr) return Unimplemented("a component is not defined");
    Part part;
    part.type = component.definition->type;
    STRATA_ASSIGN_OR_RETURN(part.criteria, CompileValue(component, texts[i]));
    const bool verified = std::any_of(part.criteria.begin(), part.criteria.end(),
                                      [](const Criterion& c) { return bool{c.verify}; });
    if (verified) return InvalidArgument("the value is too long within a composite");
    parts.push_back(std::move(part));
  }
  Criteria criteria;
  for (const Criterion& first : parts.front().criteria) {
    Criterion criterion;
    criterion.parameter = subject.parameter;
    criterion.spans = SpansOf(first, parts[1]);
    criterion.matches = [parts](std::string_view bytes) {
      return std::all_of(parts.begin(), parts.end(), [&](const Part& part) {
        const auto taken = TakeValue(part.type, &bytes);
        return taken && part.Accepts(*taken);
      });
    };
    criteria.push_back(std::move(criterion));
  }
  return criteria;
}

}  // namespace strata::fhir::search
