#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/fhirpath/fhirpath.h"
#include "plugins/data_fhir/index/entry_list.h"
#include "plugins/data_fhir/index/program.h"
#include "plugins/data_fhir/model/search_parameters.h"

namespace strata::fhir::index {

// The parameters whose expressions are more than paths: the FHIRPath engine evaluates them. Built
// once, then immutable and thread-safe.
class GeneralRules {
 public:
  // INVALID_ARGUMENT: the engine refuses the expression. UNIMPLEMENTED: a composite.
  Status Add(const model::SearchParameter& parameter, layout::ParameterNumber number);

  // Converts what the parameters of `only` (sorted; empty for all) find. An expression that does
  // not fit the data finds nothing.
  void Run(json::Value resource, std::span<const layout::ParameterNumber> only,
           EntryList* out) const;
  // Shows the elements they find; computed values are no elements.
  void Visit(json::Value resource, std::span<const layout::ParameterNumber> only,
             const Program::Visitor& visit) const;

 private:
  struct Rule {
    fhirpath::Expression expression;
    model::SearchType search;
    layout::ParameterNumber number;
  };
  template <typename Take>
  void Evaluate(json::Value resource, std::span<const layout::ParameterNumber> only,
                const Take& take) const;

  std::vector<Rule> rules_;
};

}  // namespace strata::fhir::index
