#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/data_fhir/search/execution.h"
#include "plugins/data_fhir/search/position.h"
#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/sorting.h"

namespace strata::fhir::search {

// A page of one query's answer: rows in its order, with what lies beside them.
struct PageRows {
  std::vector<SortRow> rows;
  bool before = false;  // There are results in front of the first row.
  bool behind = false;  // There are results behind the last one.
  std::optional<std::uint64_t> total;
};

bool WantsTotal(const Query& query);

// The page of `query.count` rows that begins (or, going back, ends) at `position`; the first page
// without one, and the last one going back from a position without keys and with
// kMaxResourceNumber. A count of 0 answers the total only. Errors as Execution.
Result<PageRows> ReadPage(layout::View& view, const Query& query,
                          const std::optional<Position>& position, Trace* trace);

}  // namespace strata::fhir::search
