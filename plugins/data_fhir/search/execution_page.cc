// A page in the order of numbers.

#include <algorithm>
#include <span>
#include <utility>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/search/execution.h"
#include "plugins/data_fhir/search/ordered_walk.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;

constexpr std::uint64_t kWalkFromWork = 32;  // clauses that are larger: also walk
constexpr std::uint64_t kWorkPerPlace = 2;   // of the index, where its values are
constexpr std::size_t kSmallAnswer = 2000;   // candidates that are all checked, for the total,
constexpr std::size_t kFewLooks = 200;       // and when that takes a look at each,
constexpr std::size_t kFewJoins = 32;        // or following what it refers to
constexpr std::size_t kPageBatch = 64;
constexpr std::size_t kLeastBatch = 8;

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
      STRATA_ASSIGN_OR_RETURN(slice, PageOf(driver, position, count, with_total));
      if (total) slice.total = total;
      return slice;
    }
    STRATA_RETURN_IF_ERROR(AddHints());
    if (with_total || !ShouldWalk(work)) continue;
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

// A clause of many values is not read before each of them was asked for.
bool Execution::ShouldWalk(std::uint64_t work) const {
  if (IsAlone()) return true;
  if (work < kWalkFromWork) return false;
  std::size_t fewest = SIZE_MAX;
  for (const auto& run : runs_) {
    if (!run->negated()) fewest = std::min(fewest, run->places());
  }
  return work >= kWorkPerPlace * fewest;
}

// Along all clauses whose resources come in order, or along all resources of the type.
Status Execution::StartWalk(const NumberPosition& position, std::unique_ptr<OrderedWalk>* walk) {
  std::vector<OrderedWalk::Values> conditions;
  for (const auto& run : runs_) {
    if (run->negated() || run.get() == all_of_type_) continue;
    STRATA_ASSIGN_OR_RETURN(auto ordered, run->OrderedRuns());
    if (!ordered) continue;
    conditions.push_back(*std::move(ordered));
    walked_.push_back(run.get());
  }
  if (conditions.empty()) {
    conditions.push_back({Criterion::Exact(index::AllNumber(), std::string())});
    walked_.push_back(all_of_type_);
  }
  const ResourceNumber from =
      position.backwards && position.after == 0 ? layout::kMaxResourceNumber : position.after;
  *walk = std::make_unique<OrderedWalk>(query_.type_number, conditions, from, position.backwards);
  return {};
}

std::uint64_t Execution::WorkDone() const {
  std::uint64_t work = 0;
  for (const auto& run : runs_) work += run->rows_read() + run->work_beside();
  return work;
}

Status Execution::Walk(const NumberPosition& position, std::size_t count, std::uint64_t work,
                       OrderedWalk* walk, Slice* slice) {
  const auto done = [&] { return walk->rows_read() + WorkDone(); };
  const std::uint64_t begun = done();
  const std::size_t least = HasOpenJoins(nullptr) ? 1 : kLeastBatch;
  while (!slice->more && !walk->done() && done() - begun < work) {
    // Not many more than are missing, in case most of them match.
    const std::size_t missing = count + 1 - std::min(count, slice->numbers.size());
    STRATA_ASSIGN_OR_RETURN(Numbers next,
                            walk->Next(view_, std::clamp<std::uint64_t>(work / 4, 1, kPageBatch),
                                       std::clamp(missing, least, kPageBatch)));
    STRATA_RETURN_IF_ERROR(Keep(walked_, position, count, std::move(next), slice));
  }
  return {};
}

// Adds what all clauses but `known` leave of some candidates, in the order of reading.
Status Execution::Keep(std::span<const ClauseRun* const> known, const NumberPosition& position,
                       std::size_t count, Numbers candidates, Slice* slice) {
  std::sort(candidates.begin(), candidates.end());
  STRATA_RETURN_IF_ERROR(FilterByOthers(known, &candidates));
  if (position.backwards) std::reverse(candidates.begin(), candidates.end());
  for (const ResourceNumber n : candidates) {
    slice->more = slice->numbers.size() == count;
    if (slice->more) break;
    slice->numbers.push_back(n);
  }
  return {};
}

// Whether some clause but `driver` follows from each candidate what it refers to.
bool Execution::HasOpenJoins(const ClauseRun* driver) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [&](const auto& run) { return run.get() != driver && !run->is_open(); });
}

Result<Slice> Execution::PageOf(ClauseRun* driver, const NumberPosition& position,
                                std::size_t count, bool with_total) {
  Slice slice;
  Record("read index", driver->clause().name, driver->rows_read(), driver->found().size());
  Numbers candidates = driver->found();
  const bool with_looks = std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) {
    return run.get() != driver && !run->complete() && !run->clause().hint &&
           (run->needs_look() || !run->IsOneOfValues());
  });
  const bool with_joins = HasOpenJoins(driver);
  const std::size_t few = with_joins ? kFewJoins : with_looks ? kFewLooks : kSmallAnswer;
  if (with_total || candidates.size() <= few) {
    const ClauseRun* const known = driver;
    STRATA_RETURN_IF_ERROR(FilterByOthers({&known, 1}, &candidates));
    slice.total = candidates.size();
    driver = nullptr;
  }
  std::span<const ResourceNumber> rest = Behind(candidates, position);
  while (!rest.empty() && !slice.more) {
    const std::size_t missing = count + 1 - slice.numbers.size();
    const std::size_t size =
        std::min(rest.size(), with_joins ? missing : std::max(kPageBatch, 2 * count));
    const auto part = position.backwards ? rest.last(size) : rest.first(size);
    rest = position.backwards ? rest.first(rest.size() - size) : rest.subspan(size);
    Numbers kept(part.begin(), part.end());
    if (const ClauseRun* const known = driver) {
      STRATA_RETURN_IF_ERROR(Keep({&known, 1}, position, count, std::move(kept), &slice));
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
