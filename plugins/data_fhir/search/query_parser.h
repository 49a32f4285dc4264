#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/stored_source.h"
#include "plugins/data_fhir/terminology/code_set.h"

namespace strata::fhir::search {

struct Logic;

// What the parser may ask while it understands parameters, and what went wrong there: failures of
// the view are not the request's fault. Single-threaded.
struct ParseContext {
  ParseContext(layout::View& view_in, std::int64_t now, std::string_view base)
      : view(&view_in), now_us(now), base_url(base), source(view_in, base) {}

  layout::View* view;
  std::int64_t now_us;        // For prefix ap.
  std::string_view base_url;  // This server's, empty when it is not known.
  StoredSource source;
  bool many_types = false;  // One of several types is parsed for.
  Status failure;
};

// :in, :not-in, :above and :below of a token.
bool IsTerminologyModifier(std::string_view modifier);

// Puts parameters one by one into a Query. Each Add either takes the parameter or adds an issue.
// Single-threaded; private to this folder.
class QueryParser {
  friend class FilterCompiler;

 public:
  QueryParser(std::string_view type, ParseContext* context, Issues* issues, Query* query,
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
  bool AddElements(std::string_view value);
  bool AddSort(std::string_view value);
  bool AddSortKey(std::string_view key);
  bool AddInclude(std::string_view name, std::string_view value);

  bool AddId(std::string_view modifier, std::string_view value);
  bool AddMissing(layout::ParameterNumber parameter, std::string_view value);
  Subject SubjectOf(const model::SearchParameter& definition, std::string_view modifier) const;
  bool AddIndexed(const model::SearchParameter& definition, std::string_view modifier,
                  std::string_view value);
  bool AddTerminology(const model::SearchParameter& definition, std::string_view modifier,
                      std::string_view value);
  Result<terminology::CodeSet> CodesOf(std::string_view modifier, std::string_view value);
  bool AddChain(const model::SearchParameter& definition, std::string_view type,
                std::string_view rest, std::string_view value);
  bool AddHas(std::string_view name, std::string_view value);
  std::shared_ptr<const Query> Inner(std::string_view type, std::string_view name,
                                     std::string_view value, Issues* issues) const;

  bool AddHierarchy(const model::SearchParameter& definition, std::string_view modifier,
                    std::string_view value);
  static bool IsSpecial(std::string_view name);
  bool AddSpecial(std::string_view name, std::string_view value);
  bool AddText(std::string_view value);
  bool AddContent(std::string_view value);
  bool AddList(std::string_view value);
  bool AddFilter(std::string_view value);
  bool PushAll(const Logic& logic);

  const model::SearchParameter* FindParameter(std::string_view code);
  bool CheckModifier(const model::SearchParameter& definition, std::string_view modifier);
  bool Push(Clause clause);
  void ReplaceCovered(Clause* clause) const;

  ParseContext* context_;
  Issues* issues_;
  Query* query_;
  std::size_t depth_;
  std::string name_;  // The parameter at hand.
};

}  // namespace strata::fhir::search
