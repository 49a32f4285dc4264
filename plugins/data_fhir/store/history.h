#pragma once

#include <strata/context.h>
#include <strata/function_ref.h>

#include <cstdint>
#include <string>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::store {

inline constexpr std::uint32_t kDefaultPageSize = 100;
inline constexpr std::uint32_t kMaxPageSize = 1000;

// Tokens of the pages beside one; empty: there is none.
struct HistoryLinks {
  std::string next;
  std::string previous;
};

// A page of the history of an instance, a type or everything, newest first (FHIR R4
// http.html#history), as of the moment of its first page. Calls `visit` with each version.
// NOT_FOUND: unknown type, or an instance that never was; INVALID_ARGUMENT: not an id, or not a
// token of this history.
Status History(Store& store, const Context& cx, const data::v1::HistoryRequest& request,
               FunctionRef<bool(Version&)> visit, HistoryLinks* links);

}  // namespace strata::fhir::store
