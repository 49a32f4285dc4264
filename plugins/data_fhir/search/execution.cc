#include "plugins/data_fhir/search/execution.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/index/kept_values.h"
#include "plugins/data_fhir/search/ordered_walk.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;

constexpr std::uint64_t kFirstWork = 16;      // on each clause, before the first decision
constexpr std::uint64_t kWalkFromWork = 256;  // clauses that are larger: also walk
constexpr std::size_t kFewCandidates = 1000;  // a clause that finds no more drives at once
constexpr std::uint64_t kLooksPerWork = 4;    // candidates to look at for the price of a row
constexpr std::size_t kSmallAnswer = 2000;    // candidates that are all checked, for the total,
constexpr std::size_t kFewLooks = 200;        // and when that takes a look at each
constexpr std::size_t kPageBatch = 64;
constexpr std::size_t kLeastBatch = 8;

Criterion AllOfType() {
  return Criterion::Exact(layout::ParameterNumberOf(index::kAllCode), std::string());
}

// A condition on the value of a parameter of which a resource has one at most.
bool IsOneValue(layout::TypeNumber type, const Clause& clause) {
  return clause.any.size() == 1 && clause.joins.empty() && !clause.by_id && !clause.negated &&
         !clause.any.front().verify && index::HasOneValue(type, clause.any.front().parameter);
}

// The part of sorted numbers that a page comes from: behind (or before) the position.
std::span<const ResourceNumber> Behind(const Numbers& numbers, const NumberPosition& position) {
  const std::span<const ResourceNumber> all = numbers;
  if (position.backwards) {
    const auto end = std::lower_bound(numbers.begin(), numbers.end(), position.after);
    return all.first(static_cast<std::size_t>(end - numbers.begin()));
  }
  const auto begin = std::upper_bound(numbers.begin(), numbers.end(), position.after);
  return all.subspan(static_cast<std::size_t>(begin - numbers.begin()));
}

}  // namespace

void Execution::Record(std::string operation, std::string_view parameter, std::uint64_t read,
                       std::uint64_t kept) {
  if (trace_ == nullptr) return;
  const auto now = std::chrono::steady_clock::now();
  const double passed = std::chrono::duration<double, std::micro>(now - started_).count();
  trace_->push_back({std::move(operation), std::string(parameter), read, kept, passed});
  started_ = now;
}

// ---- clauses ----------------------------------------------------------------------------------

Status Execution::Prepare() {
  JoinClauses();
  bool positive = false;
  for (const Clause& clause : clauses_) {
    STRATA_RETURN_IF_ERROR(AddRun(clause));
    positive = positive || !clause.negated;
  }
  if (positive) return runs_.size() == 1 ? runs_.front()->Narrow() : OkStatus();
  everything_.name = "all of the type";
  everything_.any = {AllOfType()};
  STRATA_RETURN_IF_ERROR(AddRun(everything_));
  all_of_type_ = runs_.back().get();
  return runs_.back()->Narrow();
}

// date=ge2019-05-01&date=lt2019-05-02: each by itself is half of the data.
void Execution::JoinClauses() {
  for (const Clause& clause : query_.clauses) {
    const auto same = std::find_if(clauses_.begin(), clauses_.end(), [&](const Clause& other) {
      return IsOneValue(query_.type_number, clause) && IsOneValue(query_.type_number, other) &&
             clause.any.front().parameter == other.any.front().parameter;
    });
    if (same == clauses_.end()) {
      clauses_.push_back(clause);
    } else {
      same->any.front() = Criterion::Both(same->any.front(), clause.any.front());
    }
  }
}

Status Execution::AddRun(const Clause& clause) {
  Numbers numbers;
  if (!clause.ids.empty()) {
    std::vector<ResourceName> names;
    for (const std::string& id : clause.ids) names.push_back({query_.type, id});
    STRATA_ASSIGN_OR_RETURN(numbers, NumbersOf(view_, names));
    Record("read ids", clause.name, names.size(), numbers.size());
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  runs_.push_back(
      std::make_unique<ClauseRun>(view_, query_.type_number, clause, std::move(numbers), trace_));
  return {};
}

// ---- choosing what drives ---------------------------------------------------------------------

// What is likely small first: when that is so, the others need not be read.
Status Execution::AdvanceAll(std::uint64_t work) {
  std::vector<ClauseRun*> order;
  for (const auto& run : runs_) {
    if (!run->negated()) order.push_back(run.get());
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const ClauseRun* a, const ClauseRun* b) { return a->rank() < b->rank(); });
  for (ClauseRun* run : order) {
    if (!run->complete()) STRATA_RETURN_IF_ERROR(run->Advance(work));
    if (run->complete() && run->found().size() <= kFewCandidates) break;
  }
  return {};
}

ClauseRun* Execution::SmallestComplete() {
  ClauseRun* smallest = nullptr;
  for (const auto& run : runs_) {
    if (run->negated() || !run->complete()) continue;
    if (smallest == nullptr || run->found().size() < smallest->found().size()) {
      smallest = run.get();
    }
  }
  return smallest;
}

Status Execution::FilterByOthers(const ClauseRun* driver, Numbers* candidates) {
  // What is known already costs nothing; looking at resources comes last.
  std::vector<ClauseRun*> others;
  for (const auto& run : runs_) {
    if (run.get() != driver || run->needs_look()) others.push_back(run.get());
  }
  const auto cost = [](const ClauseRun* run) {
    return run->needs_look() ? 9 : run->complete() ? 0 : run->rank();
  };
  std::stable_sort(others.begin(), others.end(),
                   [&](const ClauseRun* a, const ClauseRun* b) { return cost(a) < cost(b); });
  for (ClauseRun* run : others) {
    if (candidates->empty()) break;
    const std::uint64_t before = run->rows_read();
    STRATA_RETURN_IF_ERROR(run->Filter(candidates));
    Record("check", run->clause().name, run->rows_read() - before, candidates->size());
  }
  return {};
}

Result<Numbers> Execution::All() {
  Numbers all;
  STRATA_RETURN_IF_ERROR(AllWithin(UINT64_MAX, &all).status());
  return all;
}

Result<bool> Execution::AllWithin(std::uint64_t work, Numbers* all) {
  for (std::uint64_t turn = kFirstWork;; turn *= 2) {
    STRATA_RETURN_IF_ERROR(AdvanceAll(turn));
    if (const ClauseRun* driver = SmallestComplete()) {
      if (driver->found().size() / kLooksPerWork > work) return false;
      Record("read index", driver->clause().name, driver->rows_read(), driver->found().size());
      *all = driver->found();
      STRATA_RETURN_IF_ERROR(FilterByOthers(driver, all));
      return true;
    }
    if (turn >= work) return false;
  }
}

Result<std::uint64_t> Execution::Count() {
  if (runs_.size() == 1) {
    std::uint64_t count = 0;
    STRATA_ASSIGN_OR_RETURN(const bool counted, runs_.front()->Count(&count));
    if (counted) {
      Record("count", runs_.front()->clause().name, runs_.front()->rows_read(), count);
      return count;
    }
  }
  STRATA_ASSIGN_OR_RETURN(const Numbers all, All());
  return all.size();
}

// ---- pages ------------------------------------------------------------------------------------

Result<Slice> Execution::Page(const NumberPosition& position, std::size_t count, bool with_total) {
  std::unique_ptr<OrderedWalk> walk;
  Slice slice;
  std::optional<std::uint64_t> total;
  if (with_total && IsAlone()) {
    STRATA_ASSIGN_OR_RETURN(const std::uint64_t counted, Count());
    total = counted;
    with_total = false;
  }
  for (std::uint64_t work = kFirstWork;; work *= 2) {
    if (!IsAlone()) STRATA_RETURN_IF_ERROR(AdvanceAll(work));
    if (ClauseRun* driver = SmallestComplete()) {
      return PageOf(driver, position, count, with_total);
    }
    if (with_total || (work < kWalkFromWork && !IsAlone())) continue;
    if (walk == nullptr) STRATA_RETURN_IF_ERROR(StartWalk(position, &walk));
    STRATA_RETURN_IF_ERROR(Walk(position, count, work, walk.get(), &slice));
    if (!slice.more && !walk->done()) continue;
    Record("walk in order", query_.type, walk->rows_read(), slice.numbers.size());
    slice.total = total;
    if (!total && !position.backwards && position.after == 0 && !slice.more) {
      slice.total = slice.numbers.size();
    }
    return slice;
  }
}

// Along the clause whose resources come in order, or along all resources of the type.
Status Execution::StartWalk(const NumberPosition& position, std::unique_ptr<OrderedWalk>* walk) {
  std::vector<Criterion> runs = {AllOfType()};
  walked_ = all_of_type_;
  for (const auto& run : runs_) {
    if (run->negated() || run.get() == all_of_type_) continue;
    STRATA_ASSIGN_OR_RETURN(auto ordered, run->OrderedRuns());
    if (!ordered) continue;
    runs = *std::move(ordered);
    walked_ = run.get();
    break;
  }
  const ResourceNumber from =
      position.backwards && position.after == 0 ? layout::kMaxResourceNumber : position.after;
  *walk = std::make_unique<OrderedWalk>(query_.type_number, runs, from, position.backwards);
  return {};
}

Status Execution::Walk(const NumberPosition& position, std::size_t count, std::uint64_t work,
                       OrderedWalk* walk, Slice* slice) {
  std::uint64_t done = 0;
  while (!slice->more && !walk->done() && done < work) {
    const std::uint64_t before = walk->rows_read();
    STRATA_ASSIGN_OR_RETURN(const Numbers next,
                            walk->Next(view_, std::clamp<std::uint64_t>(work / 16, 1, kPageBatch)));
    done += walk->rows_read() - before;
    std::span<const ResourceNumber> rest = next;  // In the order of the walk.
    while (!rest.empty() && !slice->more) {
      // Not many more than are missing, in case most of them match.
      const std::size_t missing = count + 1 - std::min(count, slice->numbers.size());
      const std::size_t size = std::min(rest.size(), std::clamp(missing, kLeastBatch, kPageBatch));
      Numbers kept(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
      rest = rest.subspan(size);
      done += IsAlone() ? 0 : size;
      STRATA_RETURN_IF_ERROR(Keep(walked_, position, count, std::move(kept), slice));
    }
  }
  return {};
}

// Adds what all clauses but `driver` leave of some candidates, in the order of reading.
Status Execution::Keep(const ClauseRun* driver, const NumberPosition& position, std::size_t count,
                       Numbers candidates, Slice* slice) {
  std::sort(candidates.begin(), candidates.end());
  STRATA_RETURN_IF_ERROR(FilterByOthers(driver, &candidates));
  if (position.backwards) std::reverse(candidates.begin(), candidates.end());
  for (const ResourceNumber n : candidates) {
    slice->more = slice->numbers.size() == count;
    if (slice->more) break;
    slice->numbers.push_back(n);
  }
  return {};
}

Result<Slice> Execution::PageOf(ClauseRun* driver, const NumberPosition& position,
                                std::size_t count, bool with_total) {
  Slice slice;
  Record("read index", driver->clause().name, driver->rows_read(), driver->found().size());
  Numbers candidates = driver->found();
  const bool with_looks = std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) {
    return run.get() != driver && !run->complete() && (run->needs_look() || !run->IsOneOfValues());
  });
  if (with_total || candidates.size() <= (with_looks ? kFewLooks : kSmallAnswer)) {
    STRATA_RETURN_IF_ERROR(FilterByOthers(driver, &candidates));
    slice.total = candidates.size();
    driver = nullptr;
  }
  std::span<const ResourceNumber> rest = Behind(candidates, position);
  while (!rest.empty() && !slice.more) {
    const std::size_t size = std::min(rest.size(), std::max(kPageBatch, 2 * count));
    const auto part = position.backwards ? rest.last(size) : rest.first(size);
    rest = position.backwards ? rest.first(rest.size() - size) : rest.subspan(size);
    Numbers kept(part.begin(), part.end());
    if (driver != nullptr) {
      STRATA_RETURN_IF_ERROR(Keep(driver, position, count, std::move(kept), &slice));
      continue;
    }
    if (position.backwards) std::reverse(kept.begin(), kept.end());
    for (const ResourceNumber n : kept) {
      slice.more = slice.numbers.size() == count;
      if (slice.more) break;
      slice.numbers.push_back(n);
    }
  }
  if (!slice.more && !position.backwards && position.after == 0) {
    slice.total = slice.numbers.size();
  }
  return slice;
}

}  // namespace strata::fhir::search
