// Sets of values as questions to the index.

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/search/criteria.h"

namespace strata::fhir::search {
namespace {

using layout::ParameterNumber;
using terminology::CodeSet;

// Up to so many values are questions of their own, which a search can go along in order.
constexpr std::size_t kFewValues = 16;

// All values of a system but those of some codes.
Criterion WholeSystem(ParameterNumber parameter, std::string_view system,
                      const CodeSet::Codes& except) {
  std::string hash;
  index::AppendShortHash(system, &hash);
  std::set<std::string, std::less<>> excepted;
  for (const std::string& code : except) {
    std::string value;
    index::AppendToken(system, code, &value);
    excepted.insert(std::move(value));
  }
  Criterion criterion;
  criterion.parameter = parameter;
  criterion.spans = {ValueSpan{}};
  criterion.matches = [hash, excepted = std::move(excepted)](std::string_view value) {
    return value.size() > hash.size() && index::SystemOfToken(value) == hash &&
           !excepted.contains(value);
  };
  return criterion;
}

}  // namespace

Criteria AnyOf(ParameterNumber parameter, std::set<std::string, std::less<>> values) {
  Criteria criteria;
  if (values.size() <= kFewValues) {
    for (const std::string& value : values) {
      criteria.push_back(Criterion::Exact(parameter, value));
    }
    return criteria;
  }
  Criterion& many = criteria.emplace_back();
  many.parameter = parameter;
  for (const std::string& value : values) many.spans.push_back(StartingWith(value));
  many.matches = [values = std::move(values)](std::string_view value) {
    return values.contains(value);
  };
  return criteria;
}

Criteria CriteriaOf(ParameterNumber parameter, const CodeSet& set) {
  std::set<std::string, std::less<>> values;
  for (const auto& [system, codes] : set.codes()) {
    for (const std::string& code : codes) {
      std::string value;
      index::AppendToken(system, code, &value);
      values.insert(std::move(value));
    }
  }
  Criteria criteria = AnyOf(parameter, std::move(values));
  for (const auto& [system, except] : set.systems()) {
    criteria.push_back(WholeSystem(parameter, system, except));
  }
  return criteria;
}

}  // namespace strata::fhir::search
