// Token parameters that ask what a code means (FHIR R4 search.html#modifiers: :in, :not-in, :above,
// :below), answered from the ValueSets and CodeSystems that are stored.

#include <utility>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/search/criteria.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/query_parser.h"
#include "plugins/data_fhir/search/text.h"
#include "plugins/data_fhir/terminology/value_set.h"

namespace strata::fhir::search {
namespace {

Result<terminology::CodeSet> SubsumedBy(StoredSource& source, std::string_view value, bool below) {
  const auto parts = SplitEscaped(value, '|');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
    return InvalidArgument("the value should be system|code");
  }
  return terminology::Subsumed(source, Unescape(parts[0]), Unescape(parts[1]), below);
}

}  // namespace

bool IsTerminologyModifier(std::string_view modifier) {
  return modifier == "in" || modifier == "not-in" || modifier == "above" || modifier == "below";
}

Result<terminology::CodeSet> QueryParser::CodesOf(std::string_view modifier,
                                                  std::string_view value) {
  if (modifier == "above" || modifier == "below") {
    return SubsumedBy(context_->source, value, modifier == "below");
  }
  return terminology::Expand(context_->source, Unescape(value));
}

bool QueryParser::AddTerminology(const model::SearchParameter& definition,
                                 std::string_view modifier, std::string_view value) {
  const auto values = SplitEscaped(value, ',');
  if (values.size() > kMaxValues) return Refuse("too-costly", "there are too many values");
  terminology::CodeSet all;
  for (const std::string_view one : values) {
    const Result<terminology::CodeSet> codes = CodesOf(modifier, one);
    if (!codes.ok()) {
      context_->failure = context_->source.failure();
      return Refuse("not-supported", "value of '" + std::string(name_) +
                                         "': " + std::string(codes.status().message()));
    }
    all.Unite(*codes);
  }
  Clause clause;
  clause.negated = modifier == "not-in";
  clause.any = CriteriaOf(index::NumberOf(definition), all);
  return Push(std::move(clause));
}

}  // namespace strata::fhir::search
