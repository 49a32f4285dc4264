#include "plugins/data_fhir/search/execution.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/limits.h"
#include "plugins/data_fhir/search/ordered_walk.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;

constexpr std::uint64_t kFirstRows = 16;      // of each clause, before the first decision
constexpr std::uint64_t kWalkFromRows = 256;  // clauses that are larger: also walk
constexpr std::size_t kSmallAnswer = 2000;    // candidates that are all checked, for the total
constexpr std::size_t kPageBatch = 64;

Criterion AllOfType() {
  return Criterion::Exact(layout::ParameterNumberOf(index::kAllCode), std::string());
}

Status TooMany(std::string_view what) {
  return SearchFault(Code::kResourceExhausted, "too-costly",
                     std::string(what) + " leads through more than " + std::to_string(kMaxJoined) +
                         " resources; narrow it");
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

// ---- joins ------------------------------------------------------------------------------------

Status Execution::Prepare() {
  bool positive = false;
  for (const Clause& clause : query_.clauses) {
    STRATA_RETURN_IF_ERROR(AddRun(clause));
    positive = positive || !clause.negated;
  }
  if (positive) return {};
  everything_.name = "all of the type";
  everything_.any = {AllOfType()};
  return AddRun(everything_);
}

Status Execution::AddRun(const Clause& clause) {
  std::vector<Criterion> criteria = clause.any;
  Numbers numbers;
  if (!clause.ids.empty()) {
    std::vector<ResourceName> names;
    for (const std::string& id : clause.ids) names.push_back({query_.type, id});
    STRATA_ASSIGN_OR_RETURN(numbers, NumbersOf(view_, names));
    Record("read ids", clause.name, names.size(), numbers.size());
  }
  for (const Join& join : clause.joins) {
    STRATA_RETURN_IF_ERROR(Follow(join, &criteria, &numbers));
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  runs_.push_back(std::make_unique<ClauseRun>(view_, query_.type_number, clause,
                                              std::move(criteria), std::move(numbers)));
  return {};
}

Status Execution::Follow(const Join& join, std::vector<Criterion>* criteria, Numbers* numbers) {
  Execution inner(view_, *join.inner, trace_);
  STRATA_RETURN_IF_ERROR(inner.Prepare());
  STRATA_ASSIGN_OR_RETURN(const Numbers found, inner.All());
  if (found.size() > kMaxJoined) return TooMany(join.reverse ? "_has" : "the chain");
  return join.reverse ? FollowBack(join, found, numbers) : ReferencesTo(join, found, criteria);
}

// Chain: references to what the inner query found.
Status Execution::ReferencesTo(const Join& join, const Numbers& inner,
                               std::vector<Criterion>* criteria) {
  const auto each = [&](std::size_t, const layout::StoredResource& resource) -> Status {
    if (resource.header == nullptr) return {};
    std::string value;
    index::AppendLocalReference(join.type, resource.header->id, &value);
    criteria->push_back(Criterion::Exact(join.reference, std::move(value)));
    return {};
  };
  STRATA_RETURN_IF_ERROR(view_.ReadResources(inner, /*with_json=*/false, each));
  Record("chain", join.type, inner.size(), criteria->size());
  return {};
}

// _has: what the resources that the inner query found refer to.
Status Execution::FollowBack(const Join& join, const Numbers& inner, Numbers* numbers) {
  const layout::TypeNumber type = layout::TypeNumberOf(join.type);
  ResourceCheck check(view_, type);
  std::vector<ResourceName> names;
  const auto refer = [&](const index::Conversion&, json::Value element) {
    const auto target = index::ParseReference(element["reference"].string());
    if (!target || target->absolute || target->type != query_.type) return;
    names.push_back({query_.type, std::string(target->id)});
  };
  STRATA_RETURN_IF_ERROR(check.ForEach(inner, [&](std::size_t, json::Value resource) {
    index::Extractor::R4().VisitElements(type, resource, {&join.reference, 1}, refer);
  }));
  std::sort(names.begin(), names.end(),
            [](const ResourceName& a, const ResourceName& b) { return a.id < b.id; });
  names.erase(
      std::unique(names.begin(), names.end(),
                  [](const ResourceName& a, const ResourceName& b) { return a.id == b.id; }),
      names.end());
  STRATA_ASSIGN_OR_RETURN(const Numbers found, NumbersOf(view_, names));
  numbers->insert(numbers->end(), found.begin(), found.end());
  Record("_has", join.type, inner.size(), found.size());
  return {};
}

// ---- choosing what drives ---------------------------------------------------------------------

Status Execution::AdvanceAll(std::uint64_t rows) {
  for (const auto& run : runs_) {
    if (run->negated() || run->complete()) continue;
    STRATA_RETURN_IF_ERROR(run->Advance(rows - std::min(rows, run->rows_read())));
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
  if (smallest != nullptr) {
    Record("read index", smallest->clause().name, smallest->rows_read(), smallest->found().size());
  }
  return smallest;
}

Status Execution::FilterByOthers(const ClauseRun* driver, Numbers* candidates) {
  // What is known already costs nothing; looking at resources comes last.
  std::vector<ClauseRun*> others;
  for (const auto& run : runs_) {
    if (run.get() != driver || run->needs_look()) others.push_back(run.get());
  }
  const auto cost = [](const ClauseRun* run) { return run->needs_look() ? 2 : !run->complete(); };
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
  for (std::uint64_t rows = kFirstRows;; rows *= 2) {
    STRATA_RETURN_IF_ERROR(AdvanceAll(rows));
    if (const ClauseRun* driver = SmallestComplete()) {
      Numbers candidates = driver->found();
      STRATA_RETURN_IF_ERROR(FilterByOthers(driver, &candidates));
      return candidates;
    }
  }
}

// ---- pages ------------------------------------------------------------------------------------

Result<Slice> Execution::Page(const NumberPosition& position, std::size_t count, bool with_total) {
  std::unique_ptr<OrderedWalk> walk;
  Slice slice;
  for (std::uint64_t rows = kFirstRows;; rows *= 2) {
    STRATA_RETURN_IF_ERROR(AdvanceAll(rows));
    if (ClauseRun* driver = SmallestComplete()) {
      return PageOf(driver, position, count, with_total);
    }
    if (with_total || rows < kWalkFromRows) continue;
    if (walk == nullptr) {
      std::vector<Criterion> runs = {AllOfType()};
      for (const auto& run : runs_) {
        if (run->negated()) continue;
        STRATA_ASSIGN_OR_RETURN(auto ordered, run->OrderedRuns());
        if (!ordered) continue;
        runs = *std::move(ordered);
        walked_ = run.get();
        break;
      }
      const ResourceNumber from =
          position.backwards && position.after == 0 ? layout::kMaxResourceNumber : position.after;
      walk = std::make_unique<OrderedWalk>(query_.type_number, runs, from, position.backwards);
    }
    STRATA_RETURN_IF_ERROR(Walk(position, count, rows, walk.get(), &slice));
    if (slice.more || walk->done()) {
      Record("walk in order", query_.type, walk->rows_read(), slice.numbers.size());
      return slice;
    }
  }
}

Status Execution::Walk(const NumberPosition& position, std::size_t count, std::uint64_t rows,
                       OrderedWalk* walk, Slice* slice) {
  const std::uint64_t goal = walk->rows_read() + rows;
  while (!slice->more && !walk->done() && walk->rows_read() < goal) {
    STRATA_ASSIGN_OR_RETURN(Numbers next,
                            walk->Next(view_, std::min<std::uint64_t>(rows, 2 * kPageBatch)));
    std::sort(next.begin(), next.end());
    STRATA_RETURN_IF_ERROR(FilterByOthers(walked_, &next));
    if (position.backwards) std::reverse(next.begin(), next.end());
    for (const ResourceNumber n : next) {
      slice->more = slice->numbers.size() == count;
      if (slice->more) break;
      slice->numbers.push_back(n);
    }
  }
  return {};
}

Result<Slice> Execution::PageOf(ClauseRun* driver, const NumberPosition& position,
                                std::size_t count, bool with_total) {
  Slice slice;
  Numbers candidates = driver->found();
  const bool all = with_total || candidates.size() <= kSmallAnswer;
  if (all) {
    STRATA_RETURN_IF_ERROR(FilterByOthers(driver, &candidates));
    slice.total = candidates.size();
  }
  std::span<const ResourceNumber> rest = Behind(candidates, position);
  while (!rest.empty() && !slice.more) {
    const std::size_t size = all ? rest.size() : std::min(rest.size(), kPageBatch);
    const auto part = position.backwards ? rest.last(size) : rest.first(size);
    rest = position.backwards ? rest.first(rest.size() - size) : rest.subspan(size);
    Numbers kept(part.begin(), part.end());
    if (!all) STRATA_RETURN_IF_ERROR(FilterByOthers(driver, &kept));
    if (position.backwards) std::reverse(kept.begin(), kept.end());
    for (const ResourceNumber n : kept) {
      slice.more = slice.numbers.size() == count;
      if (slice.more) break;
      slice.numbers.push_back(n);
    }
  }
  return slice;
}

}  // namespace strata::fhir::search
