#pragma once

#include <cstdint>
#include <vector>

#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/search/query.h"

namespace strata::fhir::search {

// A request, understood: one query for each resource type that it searches. All of them have the
// same page size, order, total and includes.
struct Plan {
  std::vector<Query> queries;  // By type number.
  Query nothing;               // Stands for the queries when no type is left to search.
  std::vector<data::v1::Parameter> used;
  data::v1::Outcome warnings;

  // What all queries have in common.
  const Query& shape() const { return queries.empty() ? nothing : queries.front(); }
};

// Understands a request of one type, of a compartment or of the whole system (FHIR R4
// http.html#search, search.html#type). A search of several types takes the parameters that all of
// them have. Looks up what parameters name by its URL or id (ValueSets, Lists) in `view`.
//
// INVALID_ARGUMENT with an Outcome that names each parameter, modifier or value that is not known
// or not right, and what is allowed; with lenient handling those are left out, and the warnings say
// so. NOT_FOUND: no such resource type. Else the view's errors.
Result<Plan> Understand(layout::View& view, const data::v1::SearchRequest& request,
                        std::int64_t now_us);

}  // namespace strata::fhir::search
