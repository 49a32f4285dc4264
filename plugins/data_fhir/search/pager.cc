#include "plugins/data_fhir/search/pager.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/search/sorted_page.h"

namespace strata::fhir::search {
namespace {

Result<PageRows> CountOnly(Execution& execution) {
  PageRows page;
  STRATA_ASSIGN_OR_RETURN(const std::uint64_t count, execution.Count());
  page.total = count;
  return page;
}

Result<PageRows> ByNumber(Execution& execution, const Query& query,
                          const std::optional<Position>& position) {
  const NumberPosition start = position ? position->number : NumberPosition{};
  PageRows page;
  STRATA_ASSIGN_OR_RETURN(Slice slice, execution.Page(start, query.count, WantsTotal(query)));
  if (start.backwards) std::reverse(slice.numbers.begin(), slice.numbers.end());
  for (const layout::ResourceNumber n : slice.numbers) page.rows.push_back({n, {}});
  page.total = slice.total;
  page.before = start.backwards ? slice.more : position.has_value();
  page.behind = start.backwards || slice.more;
  return page;
}

}  // namespace

bool WantsTotal(const Query& query) {
  return query.total == Total::kAccurate || query.total == Total::kEstimate;
}

Result<PageRows> ReadPage(layout::View& view, const Query& query,
                          const std::optional<Position>& position, Trace* trace) {
  Execution execution(view, query, trace);
  STRATA_RETURN_IF_ERROR(execution.Prepare());
  Result<PageRows> page = query.count == 0 ? CountOnly(execution)
                          : query.sort.empty()
                              ? ByNumber(execution, query, position)
                              : SortedPage(view, execution, query, position, trace).Read();
  if (page.ok() && query.total == Total::kNone) page->total.reset();
  return page;
}

}  // namespace strata::fhir::search
