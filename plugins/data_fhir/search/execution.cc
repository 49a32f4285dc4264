#include "plugins/data_fhir/search/execution.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/data_fhir/index/derived.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/index/kept_values.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/search/composite_order.h"
#include "plugins/data_fhir/search/hints.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;

constexpr std::uint64_t kFirstLook = 4;
constexpr std::uint64_t kReferenceWork = 64;      // on a reference, which is likely the smallest
constexpr std::size_t kFewCandidates = 1000;      // a clause that finds no more drives at once
constexpr std::uint64_t kFoundPerWork = 64;       // resources of a run for the price of a row
constexpr std::uint64_t kLooksPerWork = 4;        // candidates to look at for the price of a row
constexpr std::uint64_t kCloseLooksPerWork = 16;  // when they lie close together
constexpr std::uint64_t kLeastLooks = 64;         // in such prices

// A condition on the value of a parameter of which a resource has one at most.
bool IsOneValue(layout::TypeNumber type, const Clause& clause) {
  return clause.any.size() == 1 && clause.joins.empty() && !clause.by_id && !clause.negated &&
         !clause.hint && !clause.any.front().verify &&
         index::HasOneValue(type, clause.any.front().parameter);
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
    positive = positive || (!clause.negated && !clause.hint);
  }
  if (positive) return runs_.size() == 1 ? PrepareOnly(runs_.front().get()) : OkStatus();
  everything_.name = "all of the type";
  everything_.any = {Criterion::Exact(index::AllNumber(), std::string())};
  STRATA_RETURN_IF_ERROR(AddRun(everything_));
  all_of_type_ = runs_.back().get();
  return runs_.back()->Narrow();
}

// One look shows all that an identifier finds; what finds more is gone along in order.
Status Execution::PrepareOnly(ClauseRun* run) {
  if (run->clause().joins.empty()) STRATA_RETURN_IF_ERROR(run->Advance(kFirstLook));
  return run->complete() ? OkStatus() : run->Narrow();
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
  SortUnique(&numbers);
  runs_.push_back(
      std::make_unique<ClauseRun>(view_, query_.type_number, clause, std::move(numbers), trace_));
  return {};
}

Status Execution::AddHints() {
  if (std::exchange(hinted_, true) || IsAlone()) return {};
  for (const auto& run : runs_) {
    if (!run->negated()) {
      STRATA_RETURN_IF_ERROR(AddPairHints(run.get()));
    } else if (view_.has_derived()) {
      auto hint = RestHint(query_.type_number, run->clause());
      if (hint) hints_.push_back(*std::move(hint));
    }
  }
  for (const Clause& hint : hints_) STRATA_RETURN_IF_ERROR(AddRun(hint));
  return {};
}

// Of this clause in front of the others.
Status Execution::AddPairHints(ClauseRun* first) {
  const layout::ParameterNumber parameter = OnlyParameter(first->clause());
  if (parameter == 0) return {};
  for (const auto& second : runs_) {
    if (second.get() == first || second->negated()) continue;
    const layout::ParameterNumber other = OnlyParameter(second->clause());
    if (other == 0) continue;
    const CompositeRows rows = CompositeOf(view_, query_.type_number, parameter, other);
    if (rows.number == 0) continue;
    STRATA_ASSIGN_OR_RETURN(const auto values, first->OrderedRuns());
    if (!values) return {};
    auto hint = PairHint(rows, *values, second->clause());
    if (hint) hints_.push_back(*std::move(hint));
  }
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
    const bool refers = run->rank() == ClauseRun::kReferenceRank;
    if (!run->complete()) {
      STRATA_RETURN_IF_ERROR(run->Advance(refers ? std::max(work, kReferenceWork) : work));
    }
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

Status Execution::FilterByOthers(std::span<const ClauseRun* const> known, Numbers* candidates) {
  // What was read already costs nothing; looking at resources comes last.
  std::vector<ClauseRun*> others;
  for (const auto& run : runs_) {
    const bool is_known = std::find(known.begin(), known.end(), run.get()) != known.end();
    const bool is_implied = run->clause().hint || run.get() == all_of_type_;
    if ((!is_known && !is_implied) || run->needs_look()) others.push_back(run.get());
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

// Leaves in left_ what clauses of single values leave of what a clause finds: that takes few rows.
Status Execution::FilterByIndex(const ClauseRun* driver) {
  if (!known_.empty() && known_.front() == driver) return {};
  Record("read index", driver->clause().name, driver->rows_read(), driver->found().size());
  known_ = {driver};
  left_ = driver->found();
  for (const auto& run : runs_) {
    if (run.get() == driver || run->clause().hint || run.get() == all_of_type_) continue;
    const std::uint64_t before = run->rows_read();
    STRATA_ASSIGN_OR_RETURN(const bool filtered, run->FilterByIndex(&left_));
    if (!filtered) continue;
    known_.push_back(run.get());
    Record("check", run->clause().name, run->rows_read() - before, left_.size());
  }
  return {};
}

Result<Numbers> Execution::All() {
  Numbers all;
  STRATA_RETURN_IF_ERROR(AllWithin(UINT64_MAX, &all).status());
  return all;
}

Result<bool> Execution::AllWithin(std::uint64_t work, Numbers* all) {
  STRATA_ASSIGN_OR_RETURN(const Numbers* const candidates, CandidatesWithin(work));
  if (candidates == nullptr) return false;
  *all = *candidates;
  STRATA_RETURN_IF_ERROR(CheckRest(all));
  return true;
}

Result<const Numbers*> Execution::CandidatesWithin(std::uint64_t work) {
  const Numbers* none = nullptr;
  for (std::uint64_t turn = std::min(kFirstWork, work);; turn *= 2) {
    STRATA_RETURN_IF_ERROR(AdvanceAll(turn));
    if (const ClauseRun* const driver = SmallestComplete()) {
      const std::uint64_t most = std::max(work, kLeastLooks);
      if (driver->found().size() / kFoundPerWork > most) return none;
      STRATA_RETURN_IF_ERROR(FilterByIndex(driver));
      const std::uint64_t looks = layout::AreClose(left_) ? kCloseLooksPerWork : kLooksPerWork;
      return left_.size() / looks > most ? none : &left_;
    }
    if (turn >= work) return none;
    STRATA_RETURN_IF_ERROR(AddHints());
  }
}

bool Execution::IsRestCostly() const {
  return std::any_of(runs_.begin(), runs_.end(), [this](const auto& run) {
    const bool is_known = std::find(known_.begin(), known_.end(), run.get()) != known_.end();
    return run->needs_look() || (!is_known && !run->is_open());
  });
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

Result<std::optional<SortedWalk::Within>> Execution::WithinComposite(const SortKey& sort) {
  std::optional<SortedWalk::Within> within;
  if (sort.by != SortKey::By::kParameter) return within;
  double density = 0;  // Of the condition that is taken.
  for (const auto& run : runs_) {
    const layout::ParameterNumber first = OnlyParameter(run->clause());
    if (run->negated() || run->clause().hint || first == 0) continue;
    if (within && run->density() >= density) continue;
    const CompositeRows rows = CompositeOf(view_, query_.type_number, first, sort.parameter);
    if (rows.number == 0) continue;
    STRATA_ASSIGN_OR_RETURN(const auto values, run->OrderedRuns());
    if (!values) continue;
    density = run->density();
    within.emplace().composite = rows.number;
    for (const Criterion& value : *values) within->values.push_back(*value.exact);
    sorted_within_ = rows.is_pair ? run.get() : nullptr;
  }
  if (sorted_within_ != nullptr) {
    // Some resources may have so many pairs that their rows do not tell the first values.
    STRATA_ASSIGN_OR_RETURN(
        const bool any, HasRows(view_, layout::IndexPrefix(query_.type_number, within->composite,
                                                           index::kAnyStart)));
    if (any) {
      within->values.emplace_back(index::kAnyStart);
      sorted_within_ = nullptr;
    }
  }
  return within;
}

const Criterion* Execution::ConditionOn(layout::ParameterNumber parameter) const {
  for (const Clause& clause : clauses_) {
    if (!IsOneValue(query_.type_number, clause)) continue;
    if (clause.any.front().parameter == parameter) return &clause.any.front();
  }
  return nullptr;
}

}  // namespace strata::fhir::search
