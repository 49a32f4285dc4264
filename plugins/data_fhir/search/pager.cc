#include "plugins/data_fhir/search/pager.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/search/sorted_walk.h"

namespace strata::fhir::search {
namespace {

bool WantsTotal(const Query& query) {
  return query.total == Total::kAccurate || query.total == Total::kEstimate;
}

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

// A page in the order of sort keys: of all matches, sorted, or along the index of the first key,
// whichever is done first.
class SortedPage {
 public:
  SortedPage(layout::View& view, Execution& execution, const Query& query,
             const std::optional<Position>& position)
      : view_(view), execution_(execution), query_(query) {
    if (!position) return;
    from_ = SortRow{position->number.after, position->keys};
    backwards_ = position->number.backwards;
  }

  Result<PageRows> Read() {
    std::optional<std::uint64_t> total;
    if (WantsTotal(query_)) {
      STRATA_ASSIGN_OR_RETURN(const std::uint64_t count, execution_.Count());
      total = count;
    }
    std::optional<SortedWalk> walk = SortedWalk::Along(query_, from_, backwards_);
    for (std::uint64_t work = kFirstWork;; work *= 2) {
      Numbers all;
      STRATA_ASSIGN_OR_RETURN(const bool found,
                              execution_.AllWithin(walk ? work : UINT64_MAX, &all));
      if (found) return FromAll(all);
      STRATA_RETURN_IF_ERROR(Walk(work, &*walk));
      const bool full = rows_.size() > query_.count;
      if (full || (walk->done() && backwards_)) {
        execution_.Note("walk in order", "_sort", walk->rows_read(), rows_.size());
        return FromWalk(full, total);
      }
      if (walk->done()) walk.reset();  // What has no value comes behind.
    }
  }

 private:
  static constexpr std::uint64_t kFirstWork = 256;
  static constexpr std::size_t kBatch = 64;

  // Rows [0, count] in the direction of reading; one more than the page tells that there are more.
  Status Walk(std::uint64_t work, SortedWalk* walk) {
    std::uint64_t done = 0;
    while (rows_.size() <= query_.count && !walk->done() && done < work) {
      const std::uint64_t before = walk->rows_read();
      STRATA_ASSIGN_OR_RETURN(const auto steps, walk->Next(view_, kBatch));
      done += walk->rows_read() - before;
      for (std::size_t at = 0; at < steps.size() && rows_.size() <= query_.count;) {
        std::size_t end = std::min(at + kBatch, steps.size());
        // Further keys need all of one value together.
        while (query_.sort.size() > 1 && end < steps.size() &&
               steps[end].first == steps[end - 1].first) {
          ++end;
        }
        STRATA_RETURN_IF_ERROR(Take({steps.begin() + static_cast<std::ptrdiff_t>(at),
                                     steps.begin() + static_cast<std::ptrdiff_t>(end)}));
        done += end - at;
        at = end;
      }
    }
    return {};
  }

  Status Take(std::vector<SortedWalk::Step> steps) {
    Numbers candidates;
    for (const SortedWalk::Step& step : steps) candidates.push_back(step.second);
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    STRATA_RETURN_IF_ERROR(execution_.Filter(&candidates));
    STRATA_ASSIGN_OR_RETURN(std::vector<SortRow> rows, Sorted(view_, query_, candidates));
    std::sort(steps.begin(), steps.end());
    if (backwards_) std::reverse(rows.begin(), rows.end());
    for (SortRow& row : rows) {
      // Of several values of a resource only the one that it is sorted by counts.
      const SortedWalk::Step here{row.keys.front(), row.n};
      if (!std::binary_search(steps.begin(), steps.end(), here) || !IsBehind(row)) continue;
      rows_.push_back(std::move(row));
    }
    return {};
  }

  bool IsBehind(const SortRow& row) const {
    if (!from_) return true;
    return backwards_ ? ComesBefore(query_.sort, row, *from_)
                      : ComesBefore(query_.sort, *from_, row);
  }

  PageRows FromWalk(bool full, std::optional<std::uint64_t> total) {
    if (full) rows_.resize(query_.count);
    if (backwards_) std::reverse(rows_.begin(), rows_.end());
    PageRows page;
    page.rows = std::move(rows_);
    page.before = backwards_ ? full : from_.has_value();
    page.behind = backwards_ || full;
    page.total = total;
    return page;
  }

  Result<PageRows> FromAll(const Numbers& all) {
    STRATA_ASSIGN_OR_RETURN(const std::vector<SortRow> rows, Sorted(view_, query_, all));
    auto begin = rows.begin();
    auto end = rows.end();
    const auto before = [&](const SortRow& a, const SortRow& b) {
      return ComesBefore(query_.sort, a, b);
    };
    if (from_ && backwards_) {
      end = std::lower_bound(rows.begin(), rows.end(), *from_, before);
      if (end - begin > query_.count) begin = end - query_.count;
    } else if (from_) {
      begin = std::upper_bound(rows.begin(), rows.end(), *from_, before);
    }
    if (end - begin > query_.count) end = begin + query_.count;
    PageRows page;
    page.total = rows.size();
    page.before = begin != rows.begin();
    page.behind = end != rows.end();
    page.rows.assign(begin, end);
    return page;
  }

  layout::View& view_;
  Execution& execution_;
  const Query& query_;
  std::optional<SortRow> from_;
  bool backwards_ = false;
  std::vector<SortRow> rows_;
};

}  // namespace

Result<PageRows> ReadPage(layout::View& view, const Query& query,
                          const std::optional<Position>& position, Trace* trace) {
  Execution execution(view, query, trace);
  STRATA_RETURN_IF_ERROR(execution.Prepare());
  Result<PageRows> page = query.count == 0 ? CountOnly(execution)
                          : query.sort.empty()
                              ? ByNumber(execution, query, position)
                              : SortedPage(view, execution, query, position).Read();
  if (page.ok() && query.total == Total::kNone) page->total.reset();
  return page;
}

}  // namespace strata::fhir::search
