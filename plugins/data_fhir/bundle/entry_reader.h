#pragma once

#include <strata/context.h>

#include <functional>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::bundle {

// One page of a search, in one message.
using Search = std::function<Status(const Context& cx, const data::v1::SearchRequest& request,
                                    data::v1::SearchResponse* response)>;

// Carries out a GET or HEAD entry: read, vread, history, search. Errors as the interactions
// themselves. Thread-safe; blocks.
Status ReadEntry(store::Store& store, const Context& cx, const Entry& entry,
                 std::string_view base_url, const Search& search,
                 data::v1::TransactionEntry* response);

}  // namespace strata::fhir::bundle
