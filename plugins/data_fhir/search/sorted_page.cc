#include "plugins/data_fhir/search/sorted_page.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/search/sort_stretch.h"

namespace strata::fhir::search {
namespace {

constexpr std::uint64_t kFirstWork = 64;
constexpr std::uint64_t kFirstRows = 4;  // that are read at once
constexpr std::size_t kBatch = 64;
// What a search of its own counts for, in rows.
constexpr std::uint64_t kWorkPerGroup = 256;

}  // namespace

SortedPage::SortedPage(layout::View& view, Execution& execution, const Query& query,
                       const std::optional<Position>& position, Trace* trace)
    : view_(view), execution_(execution), query_(query), trace_(trace), rows_at_once_(kFirstRows) {
  if (!position) return;
  backwards_ = position->number.backwards;
  if (!position->keys.empty()) from_ = SortRow{position->number.after, position->keys};
}

Result<PageRows> SortedPage::Read() {
  std::optional<std::uint64_t> total;
  if (WantsTotal(query_)) {
    STRATA_ASSIGN_OR_RETURN(const std::uint64_t count, execution_.Count());
    total = count;
  }
  const bool can_walk = StretchesOf(first_key()) > 0;
  std::optional<SortedWalk> walk;
  if (can_walk && (backwards_ || !BeginsWithoutValue())) {
    walk = SortedWalk::Along(query_, BeginsWithoutValue() ? std::nullopt : from_, backwards_);
  }
  // What has no value comes last.
  bool without_value = can_walk && (!backwards_ || !from_ || BeginsWithoutValue());
  for (std::uint64_t work = kFirstWork;; work *= 2) {
    Numbers all;
    STRATA_ASSIGN_OR_RETURN(const bool found,
                            execution_.AllWithin(can_walk ? work : UINT64_MAX, &all));
    if (found) return FromAll(all);
    if (backwards_ && std::exchange(without_value, false)) {
      STRATA_RETURN_IF_ERROR(ReadWithoutValue());
    }
    if (walk) STRATA_RETURN_IF_ERROR(Walk(work, &*walk));
    const bool walked = !walk || walk->done();
    if (walked && !backwards_ && !IsFull()) STRATA_RETURN_IF_ERROR(ReadWithoutValue());
    if (!walked && !IsFull()) continue;
    execution_.Note("walk in order", "_sort", walk ? walk->rows_read() : 0, rows_.size());
    return FromWalk(total);
  }
}

bool SortedPage::IsBehind(const SortRow& row) const {
  if (!from_) return true;
  return backwards_ ? ComesBefore(query_.sort, row, *from_) : ComesBefore(query_.sort, *from_, row);
}

// ---- resources of one value -------------------------------------------------------------------

Status SortedPage::ReadWithoutValue() {
  Clause clause;
  clause.name = "no value to sort by";
  clause.any = {HasSortValue(first_key())};
  clause.negated = true;
  return ReadGroup(std::move(clause), {});
}

std::optional<Position> SortedPage::StartOfGroup(const std::string& key) const {
  if (from_ && from_->keys.front() == key) {
    return Position{
        view_.as_of(), {from_->n, backwards_}, {from_->keys.begin() + 1, from_->keys.end()}};
  }
  if (!backwards_) return std::nullopt;
  return Position{view_.as_of(), {layout::kMaxResourceNumber, true}, {}};
}

// The resources that the clause leaves, in the order of the other keys.
Status SortedPage::ReadGroup(Clause clause, const std::string& key) {
  Query group = query_;
  group.clauses.push_back(std::move(clause));
  group.sort.erase(group.sort.begin());
  group.total = Total::kNone;
  std::optional<Position> position = StartOfGroup(key);
  while (!IsFull()) {
    group.count = query_.count + 1 - static_cast<std::uint32_t>(rows_.size());
    STRATA_ASSIGN_OR_RETURN(const PageRows page, ReadPage(view_, group, position, trace_));
    STRATA_RETURN_IF_ERROR(TakeGroup(page, key));
    const bool more = backwards_ ? page.before : page.behind;
    if (!more || page.rows.empty()) break;
    const SortRow& last = backwards_ ? page.rows.front() : page.rows.back();
    position = Position{view_.as_of(), {last.n, backwards_}, last.keys};
  }
  return {};
}

Status SortedPage::TakeGroup(const PageRows& page, const std::string& key) {
  Numbers numbers;
  for (const SortRow& row : page.rows) numbers.push_back(row.n);
  std::sort(numbers.begin(), numbers.end());
  STRATA_ASSIGN_OR_RETURN(std::vector<SortRow> rows, Sorted(view_, query_, numbers));
  if (backwards_) std::reverse(rows.begin(), rows.end());
  for (SortRow& row : rows) {
    // Of several values of a resource only the one that it is sorted by counts.
    if (row.keys.front() == key) rows_.push_back(std::move(row));
  }
  return {};
}

// ---- along the index --------------------------------------------------------------------------

Status SortedPage::Walk(std::uint64_t work, SortedWalk* walk) {
  std::uint64_t done = 0;
  while (!IsFull() && !walk->done() && done < work) {
    const std::uint64_t before = walk->rows_read();
    STRATA_ASSIGN_OR_RETURN(const auto steps, walk->Next(view_, rows_at_once_));
    rows_at_once_ = std::min<std::uint64_t>(2 * rows_at_once_, kBatch);
    done += walk->rows_read() - before + steps.size();
    STRATA_RETURN_IF_ERROR(WalkSteps(steps));
    if (!steps.empty()) continue;
    const std::optional<std::string> value = walk->LongValue();
    if (!value) continue;
    std::optional<Criterion> has = HasSortValue(first_key(), *value);
    if (!has) continue;
    Clause clause;
    clause.name = "one value to sort by";
    clause.any = {*std::move(has)};
    STRATA_RETURN_IF_ERROR(ReadGroup(std::move(clause), *value));
    walk->Skip(*value);
    done += kWorkPerGroup;
  }
  return {};
}

Status SortedPage::WalkSteps(const std::vector<SortedWalk::Step>& steps) {
  for (std::size_t at = 0; at < steps.size() && !IsFull();) {
    // Not many more than are missing, in case most of them match.
    const std::size_t missing = query_.count + 1 - rows_.size();
    std::size_t end = std::min(at + std::clamp<std::size_t>(missing, 8, kBatch), steps.size());
    // Further keys need all of one value together.
    while (query_.sort.size() > 1 && end < steps.size() &&
           steps[end].first == steps[end - 1].first) {
      ++end;
    }
    STRATA_RETURN_IF_ERROR(Take({steps.begin() + static_cast<std::ptrdiff_t>(at),
                                 steps.begin() + static_cast<std::ptrdiff_t>(end)}));
    at = end;
  }
  return {};
}

Status SortedPage::Take(std::vector<SortedWalk::Step> steps) {
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

// ---- the page ---------------------------------------------------------------------------------

PageRows SortedPage::FromWalk(std::optional<std::uint64_t> total) {
  const bool full = IsFull();
  if (full) rows_.resize(query_.count);
  if (backwards_) std::reverse(rows_.begin(), rows_.end());
  PageRows page;
  page.rows = std::move(rows_);
  page.before = backwards_ ? full : from_.has_value();
  page.behind = backwards_ ? from_.has_value() : full;
  page.total = total;
  return page;
}

Result<PageRows> SortedPage::FromAll(const Numbers& all) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<SortRow> rows, Sorted(view_, query_, all));
  auto begin = rows.begin();
  auto end = rows.end();
  const auto before = [&](const SortRow& a, const SortRow& b) {
    return ComesBefore(query_.sort, a, b);
  };
  if (backwards_) {
    if (from_) end = std::lower_bound(rows.begin(), rows.end(), *from_, before);
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

}  // namespace strata::fhir::search
