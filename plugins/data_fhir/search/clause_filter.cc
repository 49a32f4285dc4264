// How a clause tells for given resources whether it holds.

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/data_fhir/index/kept_values.h"
#include "plugins/data_fhir/search/clause_run.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/join_run.h"
#include "plugins/data_fhir/search/limits.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;

// Looking at a resource costs as much as reading so many index rows. Headers are cheap: no more is
// read in the hope of saving them than half of what they cost.
constexpr std::uint64_t kRowsPerLook = 16;
constexpr std::uint64_t kHeadersPerRow = 2;
constexpr std::uint64_t kPageOfLooks = 512;  // More than most pages take.
constexpr std::size_t kFewHeaders = 64;
// And following a join from one resource.
constexpr std::uint64_t kRowsPerJoin = 16;
constexpr std::size_t kFewJoins = 64;
// So many times more than the candidates: seek each instead of going along.
constexpr std::size_t kGallop = 16;

}  // namespace

Status ClauseRun::Filter(Numbers* candidates) {
  if (candidates->empty()) return {};
  // Whoever was asked for many, however few at a time, might as well have found out about all.
  asked_ += candidates->size();
  if (!open_ && asked_ > kFewJoins && asked_ >= resolve_from_) {
    resolve_from_ = 2 * asked_;
    STRATA_RETURN_IF_ERROR(Resolve(asked_ * kRowsPerJoin));
  }
  if (!open_) return FilterByJoins(candidates);
  STRATA_RETURN_IF_ERROR(Narrow());
  if (IsPoints() && !complete_) return FilterByRuns(candidates);
  const bool in_headers = IsInHeaders();
  if (in_headers && !complete_ && candidates->size() <= kFewHeaders) {
    return FilterByHeaders(candidates);
  }
  const std::uint64_t asked = asked_ > kPageOfLooks ? asked_ : candidates->size();
  const std::uint64_t cost = in_headers ? asked / kHeadersPerRow : asked * kRowsPerLook + 16;
  // Reading the rest of the index ranges may be cheaper than asking for each candidate.
  while (!complete_ && work() < cost) {
    STRATA_RETURN_IF_ERROR(Advance(std::min<std::uint64_t>(cost, work() + 4096)));
  }
  if (needs_look_) {
    if (complete_ && !negated()) FilterByFound(candidates);
    return FilterByLooking(candidates);
  }
  if (complete_) {
    FilterByFound(candidates);
    return {};
  }
  return in_headers ? FilterByHeaders(candidates) : FilterByLooking(candidates);
}

Result<bool> ClauseRun::FilterByIndex(Numbers* candidates) {
  if (needs_look_ || (!complete_ && !IsOneOfValues())) return false;
  if (complete_) {
    FilterByFound(candidates);
    return true;
  }
  STRATA_RETURN_IF_ERROR(Narrow());
  if (!IsPoints()) return false;
  STRATA_RETURN_IF_ERROR(FilterByRuns(candidates));
  return true;
}

void ClauseRun::KeepHolding(const std::vector<char>& holds, Numbers* candidates) const {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < candidates->size(); ++i) {
    const ResourceNumber n = (*candidates)[i];
    const bool by_number = std::binary_search(numbers_.begin(), numbers_.end(), n);
    if ((holds[i] != 0 || by_number) != negated()) (*candidates)[kept++] = n;
  }
  candidates->resize(kept);
}

void ClauseRun::FilterByFound(Numbers* candidates) const {
  Numbers kept;
  if (candidates->size() * kGallop < found_.size()) {
    for (const ResourceNumber n : *candidates) {
      if (std::binary_search(found_.begin(), found_.end(), n) != negated()) kept.push_back(n);
    }
  } else if (negated()) {
    std::set_difference(candidates->begin(), candidates->end(), found_.begin(), found_.end(),
                        std::back_inserter(kept));
  } else {
    std::set_intersection(candidates->begin(), candidates->end(), found_.begin(), found_.end(),
                          std::back_inserter(kept));
  }
  *candidates = std::move(kept);
}

// Along the runs of each value, from candidate to candidate.
Status ClauseRun::FilterByRuns(Numbers* candidates) {
  std::vector<char> holds(candidates->size(), 0);
  for (const Criterion& criterion : *narrowed_criteria_) {
    STRATA_RETURN_IF_ERROR(MarkHolders(view_, type_, criterion.parameter, *criterion.exact,
                                       *candidates, &holds, &rows_read_));
  }
  KeepHolding(holds, candidates);
  return {};
}

Status ClauseRun::FilterByHeaders(Numbers* candidates) {
  std::vector<char> holds(candidates->size(), 0);
  Numbers unknown;
  std::vector<std::size_t> unknown_at;
  const auto each = [&](std::size_t i, const layout::StoredResource& resource) -> Status {
    if (resource.header == nullptr || resource.header->change == layout::Change::kDeleted)
      return {};
    for (const Criterion& criterion : criteria_) {
      const bool told =
          index::VisitKept(*resource.header, criterion.parameter, [&](std::string_view value) {
            holds[i] = static_cast<char>(holds[i] != 0 || criterion.Accepts(value));
          });
      if (told) continue;
      unknown.push_back((*candidates)[i]);
      unknown_at.push_back(i);
      break;
    }
    return {};
  };
  STRATA_RETURN_IF_ERROR(view_.ReadResources(*candidates, /*with_json=*/false, each));
  rows_read_ += candidates->size();
  ResourceCheck check(view_, type_);
  STRATA_RETURN_IF_ERROR(check.ForEach(unknown, [&](std::size_t i, json::Value resource) {
    holds[unknown_at[i]] = check.Holds(criteria_, resource) ? 1 : 0;
  }));
  rows_read_ += unknown.size();
  KeepHolding(holds, candidates);
  return {};
}

Status ClauseRun::FilterByJoins(Numbers* candidates) {
  std::vector<char> holds(candidates->size(), 0);
  for (const auto& join : joins_) STRATA_RETURN_IF_ERROR(join->Mark(*candidates, &holds));
  if (!clause_.any.empty()) {
    ResourceCheck check(view_, type_);
    STRATA_RETURN_IF_ERROR(check.ForEach(*candidates, [&](std::size_t i, json::Value resource) {
      if (check.Holds(clause_.any, resource)) holds[i] = 1;
    }));
  }
  rows_read_ += candidates->size();
  work_beside_ += candidates->size() * kRowsPerJoin;
  KeepHolding(holds, candidates);
  return {};
}

Status ClauseRun::FilterByLooking(Numbers* candidates) {
  if (clause_.looks_left != nullptr) {
    if (candidates->size() > *clause_.looks_left) {
      return SearchFault(Code::kResourceExhausted, "too-costly",
                         "'" + clause_.name + "' looks at every resource that the other " +
                             "parameters leave, " + std::to_string(kMaxLooked) +
                             " at most; narrow the search");
    }
    *clause_.looks_left -= candidates->size();
  }
  ResourceCheck check(view_, type_);
  std::vector<char> holds(candidates->size(), 0);
  STRATA_RETURN_IF_ERROR(check.ForEach(*candidates, [&](std::size_t i, json::Value resource) {
    holds[i] = check.Holds(criteria_, resource) ? 1 : 0;
  }));
  rows_read_ += candidates->size();
  KeepHolding(holds, candidates);
  return {};
}

}  // namespace strata::fhir::search
