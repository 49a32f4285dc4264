#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/query.h"

namespace strata::fhir::search {

// Puts parameters one by one into a Query. Each Add either takes the parameter or adds an issue.
// Single-threaded; private to this folder.
class QueryParser {
 public:
  QueryParser(std::string_view type, std::int64_t now_us, Issues* issues, Query* query,
              std::size_t depth = 0);

  // true: taken.
  bool Add(std::string_view name, std::string_view value);
  // Only resources in the compartment.
  bool AddCompartment(std::string_view type, std::string_view id);

 private:
  // What went wrong with the parameter at hand.
  bool Refuse(std::string_view code, std::string diagnostics);

  bool AddControl(std::string_view name, std::string_view value);
  bool AddCount(std::string_view value);
  bool AddTotal(std::string_view value);
  bool AddSummary(std::string_view value);
  bool AddSort(std::string_view value);
  bool AddSortKey(std::string_view key);
  bool AddInclude(std::string_view name, std::string_view value);

  bool AddId(std::string_view modifier, std::string_view value);
  bool AddMissing(layout::ParameterNumber parameter, std::string_view value);
  bool AddIndexed(const model::SearchParameter& definition, std::string_view modifier,
                  std::string_view value);
  bool AddChain(const model::SearchParameter& definition, std::string_view type,
                std::string_view rest, std::string_view value);
  bool AddHas(std::string_view name, std::string_view value);
  std::shared_ptr<const Query> Inner(std::string_view type, std::string_view name,
                                     std::string_view value, Issues* issues) const;

  const model::SearchParameter* FindParameter(std::string_view code);
  bool CheckModifier(const model::SearchParameter& definition, std::string_view modifier);
  bool Push(Clause clause);

  std::int64_t now_us_;
  Issues* issues_;
  Query* query_;
  std::size_t depth_;
  std::string name_;  // The parameter at hand.
};

}  // namespace strata::fhir::search
