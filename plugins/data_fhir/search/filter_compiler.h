#pragma once

#include <optional>
#include <string_view>

#include "plugins/data_fhir/search/filter.h"
#include "plugins/data_fhir/search/logic.h"
#include "plugins/data_fhir/search/query_parser.h"

namespace strata::fhir::search {

// Makes conditions of a _filter for the type that a parser is for. What is wrong goes to the
// parser's issues. Single-threaded; private to this folder.
class FilterCompiler {
 public:
  explicit FilterCompiler(QueryParser& parser) : parser_(parser) {}

  // nullopt: refused.
  std::optional<Logic> Compile(const Filter& filter);

 private:
  std::optional<Clause> Test(const Filter& filter, std::size_t at);
  std::optional<Clause> Chain(const Filter& filter, std::size_t at,
                              const model::SearchParameter& definition, std::string_view type);
  std::optional<Clause> Present(layout::ParameterNumber parameter, std::string_view value);
  std::optional<Clause> Id(const Filter& filter);
  std::optional<Clause> Compare(const model::SearchParameter& definition, const Filter& filter);
  std::optional<Clause> Codes(layout::ParameterNumber parameter, const Filter& filter);
  std::nullopt_t Deny(const std::string& diagnostics);

  QueryParser& parser_;
};

}  // namespace strata::fhir::search
