#include "plugins/data_fhir/search/sorted_page.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/index/derived.h"
#include "plugins/data_fhir/search/sort_stretch.h"

namespace strata::fhir::search {
namespace {

// On the conditions before the index is gone along, which then gets so many times more: it is done
// soonest but where some condition is small.
constexpr std::uint64_t kFirstWork = 16;
constexpr std::uint64_t kWalkPerWork = 4;
// The same where there are no conditions, which are never small.
constexpr std::uint64_t kFirstWorkOnAll = 2;
constexpr std::uint64_t kWalkPerWorkOnAll = 32;
constexpr std::uint64_t kFirstRows = 4;  // that are read at once
constexpr std::uint64_t kMostRows = 20;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kLeastBatch = 8;
// More candidates than so many pages are sorted before they are checked, if checking takes much.
constexpr std::size_t kBatchesWorthSorting = 2;
// What a search of its own counts for, in rows: conditions that turn out to be small end the walk.
constexpr std::uint64_t kWorkPerGroup = 512;

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
  if (first_key().by == SortKey::By::kParameter) {
    bounds_ = execution_.ConditionOn(first_key().parameter);
  }
  std::optional<SortedWalk> walk;
  bool begun = !can_walk || (!backwards_ && BeginsWithoutValue());
  // What has no value comes last, if anything without one can match.
  bool without_value =
      can_walk && bounds_ == nullptr && (!backwards_ || !from_ || BeginsWithoutValue());
  const bool on_all = can_walk && execution_.HasNoConditions();
  const std::uint64_t walk_per_work = on_all ? kWalkPerWorkOnAll : kWalkPerWork;
  for (std::uint64_t work = on_all ? kFirstWorkOnAll : kFirstWork;; work *= 2) {
    STRATA_ASSIGN_OR_RETURN(const Numbers* const candidates,
                            execution_.CandidatesWithin(can_walk ? work : UINT64_MAX));
    if (candidates != nullptr) return FromCandidates(*candidates);
    if (backwards_ && std::exchange(without_value, false)) {
      STRATA_RETURN_IF_ERROR(ReadWithoutValue());
    }
    if (!std::exchange(begun, true)) {
      STRATA_ASSIGN_OR_RETURN(walk, BeginWalk());
    }
    if (walk) {
      STRATA_ASSIGN_OR_RETURN(const std::uint64_t walked, Walk(walk_per_work * work, &*walk));
      work = std::max(work, walked / walk_per_work / 2);  // No less on the conditions.
    }
    const bool ended = !walk || (walk->done() && steps_.empty());
    if (ended && !backwards_ && !IsFull() && bounds_ == nullptr) {
      STRATA_RETURN_IF_ERROR(ReadWithoutValue());
    }
    if (!ended && !IsFull()) continue;
    execution_.Note("walk in order", "_sort", walk ? walk->rows_read() : 0, rows_.size());
    return FromWalk(total);
  }
}

// Along the first key's index or, when one condition and that key have a composite, along that.
Result<std::optional<SortedWalk>> SortedPage::BeginWalk() {
  STRATA_ASSIGN_OR_RETURN(const auto within, execution_.WithinComposite(first_key()));
  const auto row = BeginsWithoutValue() ? std::nullopt : from_;
  return SortedWalk::Along(query_, row, backwards_, within, bounds_);
}

bool SortedPage::IsBehind(const SortRow& row) const {
  if (!from_) return true;
  return backwards_ ? ComesBefore(query_.sort, row, *from_) : ComesBefore(query_.sort, *from_, row);
}

// ---- resources of one value -------------------------------------------------------------------

Status SortedPage::ReadWithoutValue() {
  if (first_key().by == SortKey::By::kId) return {};  // All have one.
  const layout::ParameterNumber key = first_key().parameter;
  Clause clause;
  clause.name = "no value to sort by";
  if (view_.has_derived() && index::TellsAbsence(query_.type_number, key)) {
    for (const auto absence : {index::Absence::kMissing, index::Absence::kUnsearchable}) {
      clause.any.push_back(
          Criterion::Exact(index::AbsenceNumber(), index::AbsenceOf(key, absence)));
    }
  } else {
    clause.any = {HasSortValue(first_key())};
    clause.negated = true;
  }
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

Result<std::uint64_t> SortedPage::Walk(std::uint64_t work, SortedWalk* walk) {
  std::uint64_t done = 0;
  while (!IsFull() && done < work && (!steps_.empty() || !walk->done())) {
    if (!steps_.empty()) {
      STRATA_ASSIGN_OR_RETURN(const std::size_t taken, TakeSteps());
      done += taken;
      continue;
    }
    const std::uint64_t before = walk->rows_read();
    STRATA_ASSIGN_OR_RETURN(steps_, walk->Next(view_, rows_at_once_));
    rows_at_once_ = std::min(2 * rows_at_once_, kMostRows);
    done += walk->rows_read() - before;
    if (!steps_.empty()) continue;
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
  return done;
}

// The first of the steps that were read; answers how many.
Result<std::size_t> SortedPage::TakeSteps() {
  // Not many more than are missing, in case most of them match.
  const std::size_t missing = query_.count + 1 - rows_.size();
  const std::size_t least = execution_.IsRestCostly() ? 1 : kLeastBatch;
  std::size_t end = std::min(std::clamp(missing, least, kBatch), steps_.size());
  // Further keys, and ids that the index does not tell apart, need all of one value together.
  const bool whole = query_.sort.size() > 1 || first_key().by == SortKey::By::kId;
  while (whole && end < steps_.size() && steps_[end].first == steps_[end - 1].first) {
    ++end;
  }
  const auto rest = steps_.begin() + static_cast<std::ptrdiff_t>(end);
  STRATA_RETURN_IF_ERROR(Take({steps_.begin(), rest}));
  steps_.erase(steps_.begin(), rest);
  return end;
}

Status SortedPage::Take(std::vector<SortedWalk::Step> steps) {
  Numbers candidates;
  for (const SortedWalk::Step& step : steps) candidates.push_back(step.second);
  SortUnique(&candidates);
  STRATA_RETURN_IF_ERROR(execution_.Filter(&candidates));
  STRATA_ASSIGN_OR_RETURN(std::vector<SortRow> rows, Sorted(view_, query_, candidates));
  std::sort(steps.begin(), steps.end());
  if (backwards_) std::reverse(rows.begin(), rows.end());
  for (SortRow& row : rows) {
    // Of several values of a resource only the one that it is sorted by counts.
    const SortedWalk::Step here{StepKey(first_key(), row.keys.front()), row.n};
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

// Where checking them takes much, only those that the page needs are checked, in its order.
Result<PageRows> SortedPage::FromCandidates(const Numbers& candidates) {
  const std::size_t few = kBatchesWorthSorting * (query_.count + std::size_t{1});
  if (candidates.size() <= few || !execution_.IsRestCostly()) {
    Numbers all = candidates;
    STRATA_RETURN_IF_ERROR(execution_.CheckRest(&all));
    return FromAll(all);
  }
  STRATA_ASSIGN_OR_RETURN(std::vector<SortRow> rows, Sorted(view_, query_, candidates));
  if (backwards_) std::reverse(rows.begin(), rows.end());
  std::erase_if(rows, [this](const SortRow& row) { return !IsBehind(row); });
  rows_.clear();
  for (std::size_t at = 0; at < rows.size() && !IsFull();) {
    const std::size_t missing = query_.count + 1 - rows_.size();
    const std::size_t end = std::min(at + std::clamp<std::size_t>(missing, 1, kBatch), rows.size());
    Numbers part;
    for (std::size_t i = at; i < end; ++i) part.push_back(rows[i].n);
    std::sort(part.begin(), part.end());
    STRATA_RETURN_IF_ERROR(execution_.CheckRest(&part));
    for (; at < end; ++at) {
      if (std::binary_search(part.begin(), part.end(), rows[at].n)) {
        rows_.push_back(std::move(rows[at]));
      }
    }
  }
  return FromWalk(std::nullopt);
}

Result<PageRows> SortedPage::FromAll(const Numbers& all) {
  const std::size_t first = from_ || backwards_ ? all.size() : query_.count;
  STRATA_ASSIGN_OR_RETURN(const std::vector<SortRow> rows, Sorted(view_, query_, all, first));
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
