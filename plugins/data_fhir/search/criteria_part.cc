// Whole values and parts of values, for _filter (FHIR R4 search_filter.html#ops).

#include <string>
#include <utility>

#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/fold.h"
#include "plugins/data_fhir/search/criteria.h"

namespace strata::fhir::search {
namespace {

using model::SearchType;

// What index values are compared by: tokens without their systems.
std::string_view TextOf(std::string_view value) { return value.substr(0, value.find('\0')); }

std::size_t MaxBytes(SearchType type) {
  switch (type) {
    case SearchType::kString:
      return index::kMaxStringBytes;
    case SearchType::kToken:
      return index::kMaxTokenBytes;
    default:
      return index::kMaxUriBytes - 32;
  }
}

}  // namespace

Result<Criteria> CompilePart(const Subject& subject, std::string_view op, std::string_view value) {
  const SearchType type = subject.definition->type;
  const std::string text = type == SearchType::kString ? index::FoldText(value)
                           : type == SearchType::kUri  ? std::string(value)
                                                       : index::FoldCase(value);
  if (text.empty()) return InvalidArgument("the value should be some text");
  if (text.size() >= MaxBytes(type)) {
    return InvalidArgument("the value should be shorter than " + std::to_string(MaxBytes(type)) +
                           " bytes");
  }
  if (op == "eq") {
    std::string bytes;
    index::AppendString(text, &bytes);
    return Criteria{Criterion::Exact(subject.parameter, std::move(bytes))};
  }
  Criterion criterion;
  criterion.parameter = subject.parameter;
  criterion.spans = {op == "sw" ? StartingWith(text) : ValueSpan{}};
  if (op == "sw") return Criteria{std::move(criterion)};
  criterion.matches = [text, end = op == "ew"](std::string_view bytes) {
    const std::string_view found = TextOf(bytes);
    return end ? found.ends_with(text) : found.find(text) != std::string_view::npos;
  };
  return Criteria{std::move(criterion)};
}

}  // namespace strata::fhir::search
