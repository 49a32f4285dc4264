#pragma once

#include <strata/context.h>
#include <strata/function_ref.h>

#include "core/base/status.h"
#include "plugins/data_fhir/model/search_parameters.h"
#include "plugins/data_fhir/store/store.h"

// The search library put to work over the hosting layer. Thread-safe; block.
namespace strata::fhir::service {

// Whether search answers this parameter of the standard.
bool IsSearchable(const model::SearchParameter& parameter);

// For Store::find.
Result<std::vector<layout::ResourceNumber>> FindMatches(layout::View& view, std::string_view type,
                                                        const store::Parameters& parameters,
                                                        std::size_t limit, std::int64_t now_us);

// A page in one or several messages of bounded size; the last one carries tokens, total and
// warnings. The visitor answers false to stop. Errors of search.h, and INVALID_ARGUMENT for a
// foreign token.
Status Search(store::Store& store, const Context& cx, const data::v1::SearchRequest& request,
              FunctionRef<bool(data::v1::SearchResponse&)> visit);

// The page in one message, for bundles.
Status SearchAll(store::Store& store, const Context& cx, const data::v1::SearchRequest& request,
                 data::v1::SearchResponse* response);

Status Explain(store::Store& store, const Context& cx, const data::v1::SearchRequest& request,
               data::v1::ExplainResponse* response);

}  // namespace strata::fhir::service
