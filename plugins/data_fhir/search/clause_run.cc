#include "plugins/data_fhir/search/clause_run.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/data_fhir/index/kept_values.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/issues.h"
#include "plugins/data_fhir/search/join_run.h"
#include "plugins/data_fhir/search/limits.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;

// Values a clause may be narrowed to.
constexpr std::size_t kMaxRuns = 8;
// Values whose rows are gone along at once.
constexpr std::size_t kMaxPoints = 64;
// Looking at a resource, or at its header only, costs as much as reading so many index rows.
constexpr std::uint64_t kRowsPerLook = 16;
constexpr std::uint64_t kRowsPerHeader = 2;
constexpr std::size_t kFewHeaders = 64;
// And following a join from one resource.
constexpr std::uint64_t kRowsPerJoin = 16;
// Reading a row costs as much as taking so many resources out of runs.
constexpr std::uint64_t kMembersPerRow = 32;
// So many times more than the candidates: seek each instead of going along.
constexpr std::size_t kGallop = 16;
// First byte of references to resources of this store (index/encode.h).
constexpr char kLocalReference = '\1';

void SortUnique(Numbers* numbers) {
  if (!std::is_sorted(numbers->begin(), numbers->end())) {
    std::sort(numbers->begin(), numbers->end());
  }
  numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
}

std::string SpanEnd(layout::TypeNumber type, layout::ParameterNumber parameter,
                    const ValueSpan& span) {
  if (span.end.empty()) return layout::PrefixEnd(layout::IndexPrefix(type, parameter));
  return layout::IndexPrefix(type, parameter, span.end);
}

}  // namespace

ClauseRun::ClauseRun(layout::View& view, layout::TypeNumber type, const Clause& clause,
                     Numbers numbers, Trace* trace)
    : view_(view),
      type_(type),
      clause_(clause),
      criteria_(clause.any),
      numbers_(std::move(numbers)) {
  for (const Join& join : clause.joins) {
    joins_.push_back(std::make_unique<JoinRun>(view, type, join, trace));
  }
  for (const Criterion& criterion : criteria_)
    needs_look_ = needs_look_ || criterion.verify || criterion.look;
  if (joins_.empty()) Open();
}

ClauseRun::~ClauseRun() = default;

void ClauseRun::Open() {
  open_ = true;
  SortUnique(&numbers_);
  found_ = numbers_;
  for (std::size_t i = 0; i < criteria_.size(); ++i) {
    const Criterion& criterion = criteria_[i];
    for (const ValueSpan& span : criterion.spans) {
      if (!span.end.empty() && span.begin >= span.end) continue;
      spans_.push_back({i, RangeReader(layout::IndexPrefix(type_, criterion.parameter, span.begin),
                                       SpanEnd(type_, criterion.parameter, span))});
    }
  }
  complete_ = spans_.empty();
}

Status ClauseRun::Resolve(std::uint64_t work) {
  for (const auto& join : joins_) {
    if (join->resolved()) continue;
    STRATA_ASSIGN_OR_RETURN(const bool resolved, join->Resolve(work, &criteria_, &numbers_));
    SortUnique(&numbers_);
    if (!resolved) return {};
  }
  if (!open_) Open();
  return {};
}

std::uint64_t ClauseRun::work() const { return rows_read_ + found_.size() / kMembersPerRow; }

bool ClauseRun::IsOneOfValues() const {
  return open_ && std::all_of(criteria_.begin(), criteria_.end(), [](const Criterion& criterion) {
           return criterion.exact.has_value();
         });
}

int ClauseRun::rank() const {
  if (complete_) return 0;
  if (!open_) return 5;
  if (!IsOneOfValues()) return IsInHeaders() ? 3 : 4;
  const bool reference = clause_.any.size() == 1 && !clause_.any.front().exact->empty() &&
                         clause_.any.front().exact->front() == kLocalReference;
  return reference ? 1 : 2;
}

bool ClauseRun::HasOrder() const {
  return open_ && !complete_ && !negated() && !needs_look_ && numbers_.empty() &&
         narrowed_criteria_ && narrowed_criteria_->size() <= kMaxPoints;
}

Status ClauseRun::Advance(std::uint64_t work) {
  if (!open_) STRATA_RETURN_IF_ERROR(Resolve(work));
  if (!open_) return {};
  while (at_ < spans_.size() && this->work() < work) {
    Span& span = spans_[at_];
    const Criterion& criterion = criteria_[span.criterion];
    const std::uint64_t before = span.reader.rows_read();
    STRATA_RETURN_IF_ERROR(
        span.reader.Read(view_, work - this->work(), [&](std::string_view value, ResourceNumber n) {
          // A run of one value ends itself; other values only share its beginning.
          if (criterion.exact ? value == *criterion.exact
                              : !criterion.matches || criterion.matches(value)) {
            found_.push_back(n);
          }
          return true;
        }));
    rows_read_ += span.reader.rows_read() - before;
    if (span.reader.done()) ++at_;
    if (found_.size() > kMaxHeld) {
      return ResourceExhausted("the search finds too many resources to hold");
    }
  }
  if (at_ == spans_.size() && !complete_) {
    SortUnique(&found_);
    complete_ = true;
  }
  return {};
}

Result<bool> ClauseRun::Count(std::uint64_t* count) {
  if (!HasOrder() || narrowed_criteria_->size() != 1) return false;
  const Criterion& only = narrowed_criteria_->front();
  const std::string& wanted = *only.exact;
  const std::string begin = layout::IndexPrefix(type_, only.parameter, wanted);
  bool readable = true;
  *count = 0;
  const auto each = [&](const layout::StoredRow& row) {
    ++rows_read_;
    layout::IndexKeyParts parts;
    readable = layout::ParseIndexKey(row.key, &parts);
    if (!readable || parts.value != wanted) return readable;
    readable = layout::CountAlive(parts.n, row.version, row.value, view_.as_of(), count);
    return readable;
  };
  STRATA_RETURN_IF_ERROR(view_.Scan(begin, layout::PrefixEnd(begin), {}, each));
  if (!readable) return DataLoss("an index row cannot be read");
  return true;
}

// Finds out which few values some spans of values stand for, one seek each.
Status ClauseRun::NarrowOne(const Criterion& criterion, std::vector<Criterion>* narrowed,
                            bool* all) {
  *all = true;
  if (criterion.exact) {
    narrowed->push_back(criterion);
    return {};
  }
  std::size_t values = 0;
  *all = !criterion.matches && criterion.spans.size() <= kMaxRuns;
  for (std::size_t i = 0; *all && i < criterion.spans.size(); ++i) {
    STRATA_RETURN_IF_ERROR(NarrowSpan(criterion, criterion.spans[i], narrowed, &values));
    *all = values <= kMaxRuns;
  }
  return {};
}

Status ClauseRun::NarrowSpan(const Criterion& criterion, const ValueSpan& span,
                             std::vector<Criterion>* narrowed, std::size_t* values) {
  std::string begin = layout::IndexPrefix(type_, criterion.parameter, span.begin);
  const std::string end = SpanEnd(type_, criterion.parameter, span);
  for (; *values <= kMaxRuns; ++*values) {
    std::optional<std::string> value;
    const auto first = [&](const layout::StoredRow& row) {
      layout::IndexKeyParts parts;
      if (layout::ParseIndexKey(row.key, &parts)) value = std::string(parts.value);
      return false;
    };
    STRATA_RETURN_IF_ERROR(view_.Scan(begin, end, {.limit = 1}, first));
    ++rows_read_;
    if (!value) return {};
    // Rows of an empty value stand among others.
    if (value->empty()) *values = kMaxRuns;
    begin = layout::PrefixEnd(layout::IndexPrefix(type_, criterion.parameter, *value));
    Criterion exact = Criterion::Exact(criterion.parameter, *std::move(value));
    exact.verify = criterion.verify;
    narrowed->push_back(std::move(exact));
  }
  return {};
}

Status ClauseRun::Narrow() {
  if (!open_ || std::exchange(narrowed_, true)) return {};
  std::vector<Criterion> narrowed;
  for (const Criterion& criterion : criteria_) {
    bool all = false;
    if (criterion.exact || criteria_.size() <= kMaxPoints) {
      STRATA_RETURN_IF_ERROR(NarrowOne(criterion, &narrowed, &all));
    }
    if (!all) return {};
  }
  narrowed_criteria_ = std::move(narrowed);
  return {};
}

bool ClauseRun::IsPoints() const {
  return narrowed_criteria_.has_value() && !needs_look_ && narrowed_criteria_->size() <= kMaxPoints;
}

Result<std::optional<std::vector<Criterion>>> ClauseRun::OrderedRuns() {
  if (!open_ || !numbers_.empty()) return std::optional<std::vector<Criterion>>();
  STRATA_RETURN_IF_ERROR(Narrow());
  if (!narrowed_criteria_ || narrowed_criteria_->size() > kMaxPoints) {
    return std::optional<std::vector<Criterion>>();
  }
  return narrowed_criteria_;
}

Status ClauseRun::Filter(Numbers* candidates) {
  if (candidates->empty()) return {};
  if (!open_) STRATA_RETURN_IF_ERROR(Resolve(candidates->size() * kRowsPerJoin));
  if (!open_) return FilterByJoins(candidates);
  STRATA_RETURN_IF_ERROR(Narrow());
  if (IsPoints() && !complete_) return FilterByRuns(candidates);
  const bool in_headers = IsInHeaders();
  if (in_headers && !complete_ && candidates->size() <= kFewHeaders) {
    return FilterByHeaders(candidates);
  }
  const std::uint64_t cost = candidates->size() * (in_headers ? kRowsPerHeader : kRowsPerLook) + 16;
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

void ClauseRun::KeepHolding(const std::vector<char>& holds, Numbers* candidates) const {
  Numbers kept;
  for (std::size_t i = 0; i < candidates->size(); ++i) {
    const ResourceNumber n = (*candidates)[i];
    const bool by_number = std::binary_search(numbers_.begin(), numbers_.end(), n);
    if ((holds[i] != 0 || by_number) != negated()) kept.push_back(n);
  }
  *candidates = std::move(kept);
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

// What the headers of resources tell needs no body.
bool ClauseRun::IsInHeaders() const {
  return !needs_look_ && !criteria_.empty() &&
         std::all_of(criteria_.begin(), criteria_.end(), [this](const Criterion& criterion) {
           return index::IsKept(type_, criterion.parameter);
         });
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
