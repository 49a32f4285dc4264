#include "plugins/data_fhir/search/pager.h"

#include <algorithm>
#include <utility>

namespace strata::fhir::search {
namespace {

bool WantsTotal(const Query& query) {
  return query.total == Total::kAccurate || query.total == Total::kEstimate;
}

Result<PageRows> CountOnly(Execution& execution) {
  PageRows page;
  STRATA_ASSIGN_OR_RETURN(const Numbers all, execution.All());
  page.total = all.size();
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

Result<PageRows> BySortKeys(layout::View& view, Execution& execution, const Query& query,
                            const std::optional<Position>& position) {
  STRATA_ASSIGN_OR_RETURN(const Numbers all, execution.All());
  STRATA_ASSIGN_OR_RETURN(const std::vector<SortRow> rows, Sorted(view, query, all));
  auto begin = rows.begin();
  auto end = rows.end();
  if (position) {
    const SortRow here{position->number.after, position->keys};
    const auto before = [&](const SortRow& a, const SortRow& b) {
      return ComesBefore(query.sort, a, b);
    };
    if (position->number.backwards) {
      end = std::lower_bound(rows.begin(), rows.end(), here, before);
      if (end - begin > query.count) begin = end - query.count;
    } else {
      begin = std::upper_bound(rows.begin(), rows.end(), here, before);
    }
  }
  if (end - begin > query.count) end = begin + query.count;
  PageRows page;
  page.total = rows.size();
  page.before = begin != rows.begin();
  page.behind = end != rows.end();
  page.rows.assign(begin, end);
  return page;
}

}  // namespace

Result<PageRows> ReadPage(layout::View& view, const Query& query,
                          const std::optional<Position>& position, Trace* trace) {
  Execution execution(view, query, trace);
  STRATA_RETURN_IF_ERROR(execution.Prepare());
  Result<PageRows> page = query.count == 0     ? CountOnly(execution)
                          : query.sort.empty() ? ByNumber(execution, query, position)
                                               : BySortKeys(view, execution, query, position);
  if (page.ok() && query.total == Total::kNone) page->total.reset();
  return page;
}

}  // namespace strata::fhir::search
