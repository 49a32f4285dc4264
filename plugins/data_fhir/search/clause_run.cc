#include "plugins/data_fhir/search/clause_run.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/index/kept_values.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/join_run.h"
#include "plugins/data_fhir/search/limits.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;

// Values a clause may be narrowed to.
constexpr std::size_t kMaxRuns = 8;
// Rows that are read to see whether that is so: as many as the few matches of an identifier have.
constexpr std::size_t kProbe = 4;
// Values whose rows are gone along at once.
constexpr std::size_t kMaxPoints = 64;
// Reading a row costs as much as taking so many resources out of runs.
constexpr std::uint64_t kMembersPerRow = 32;
// First bytes of references: to resources of this store, and by URL (index/encode.h).
constexpr char kLocalReference = '\1';
constexpr char kUrlReference = '\2';

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

std::uint64_t ClauseRun::work() const { return scanned_ + found_.size() / kMembersPerRow; }

bool ClauseRun::IsOneOfValues() const {
  return open_ && std::all_of(criteria_.begin(), criteria_.end(), [](const Criterion& criterion) {
           return criterion.exact.has_value();
         });
}

int ClauseRun::rank() const {
  if (complete_) return 0;
  if (clause_.hint) return kHintRank;
  if (!open_) return 6;
  if (!IsOneOfValues()) return IsInHeaders() ? 4 : 5;
  return IsReference() ? kReferenceRank : 3;
}

// Of several values each is as dense as what was read, likely the first one.
double ClauseRun::density() const {
  if (found_.empty()) return complete_ ? 0 : 1;
  const auto gone_past = static_cast<double>(std::max(found_.front(), found_.back()));
  return static_cast<double>(found_.size() * std::max<std::size_t>(places(), 1)) / gone_past;
}

// What the headers of resources tell needs no body.
bool ClauseRun::IsInHeaders() const {
  return !needs_look_ && !criteria_.empty() &&
         std::all_of(criteria_.begin(), criteria_.end(), [this](const Criterion& criterion) {
           return index::IsKept(type_, criterion.parameter);
         });
}

// To one resource: as it is stored here, and perhaps as a URL of this server.
bool ClauseRun::IsReference() const {
  return !criteria_.empty() && criteria_.size() <= 2 &&
         criteria_.front().exact->starts_with(kLocalReference) &&
         (criteria_.size() == 1 || criteria_.back().exact->starts_with(kUrlReference));
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
        span.reader.Read(view_, work - this->work(), [&](std::string_view value, auto members) {
          // A run of one value ends itself; other values only share its beginning.
          if (criterion.exact ? value == *criterion.exact
                              : !criterion.matches || criterion.matches(value)) {
            found_.insert(found_.end(), members.begin(), members.end());
          }
          return true;
        }));
    const std::uint64_t read = span.reader.rows_read() - before;
    rows_read_ += read;
    scanned_ += read;
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
  std::optional<std::string> value;
  for (std::size_t rows = kProbe; rows == kProbe && *values <= kMaxRuns;) {
    rows = 0;
    const auto note = [&](const layout::StoredRow& row) {
      layout::IndexKeyParts parts;
      ++rows;
      if (!layout::ParseIndexKey(row.key, &parts) || parts.value == value) return true;
      value = std::string(parts.value);
      // Rows of an empty value stand among others.
      *values = value->empty() ? kMaxRuns + 1 : *values + 1;
      narrowed->push_back(Criterion::Exact(criterion.parameter, *value));
      narrowed->back().verify = criterion.verify;
      return true;
    };
    STRATA_RETURN_IF_ERROR(view_.Scan(begin, end, {.limit = kProbe}, note));
    rows_read_ += rows;
    if (value) begin = layout::PrefixEnd(layout::IndexPrefix(type_, criterion.parameter, *value));
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
  // An empty value does not end itself: rows of others stand among its own, but for `_id`.
  for (const Criterion& criterion : *narrowed_criteria_) {
    if (criterion.exact->empty() && criterion.parameter != index::AllNumber()) {
      return std::optional<std::vector<Criterion>>();
    }
  }
  return narrowed_criteria_;
}

}  // namespace strata::fhir::search
