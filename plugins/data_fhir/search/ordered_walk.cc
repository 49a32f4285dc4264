#include "plugins/data_fhir/search/ordered_walk.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"
#include "plugins/data_fhir/layout/keys.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;

// Rows that are read at once while what is asked for lies in a row.
constexpr std::uint64_t kMostRows = 16;

}  // namespace

// ---- one value --------------------------------------------------------------------------------

ValueCursor::ValueCursor(layout::TypeNumber type, layout::ParameterNumber parameter,
                         std::string value, bool backwards)
    : prefix_(layout::IndexPrefix(type, parameter, value)),
      value_(std::move(value)),
      end_(layout::PrefixEnd(prefix_)),
      backwards_(backwards) {}

Result<std::optional<ResourceNumber>> ValueCursor::Seek(layout::View& view, ResourceNumber n) {
  const auto is_before = [this](ResourceNumber a, ResourceNumber b) {
    return backwards_ ? a > b : a < b;
  };
  while (true) {
    const auto from = members_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto found = std::lower_bound(from, members_.end(), n, is_before);
    at_ = static_cast<std::size_t>(found - members_.begin());
    if (found != members_.end()) return std::optional<ResourceNumber>(*found);
    if (ended_) return std::optional<ResourceNumber>();
    // What is asked for next to what was read is read on; gaps are sought past.
    const bool goes_on = begun_ && (backwards_ ? n + 1 >= read_to_ : n <= read_to_ + 1);
    rows_at_once_ = goes_on ? std::min(2 * rows_at_once_, kMostRows) : 1;
    members_.clear();
    at_ = 0;
    STRATA_RETURN_IF_ERROR(backwards_ ? ReadBackwards(view, n) : ReadForwards(view, n));
    begun_ = true;
  }
}

Status ValueCursor::ReadForwards(layout::View& view, ResourceNumber n) {
  const ResourceNumber from = begun_ ? std::max(n, read_to_ + 1) : n;
  std::uint64_t read = 0;
  STRATA_RETURN_IF_ERROR(
      Take(view, layout::WithNumber(prefix_, from), end_, /*reverse=*/false, rows_at_once_, &read));
  ended_ = read < rows_at_once_;
  return {};
}

// A row's key ends with its last resource: the row that `n` may lie in stands at n or behind it.
Status ValueCursor::ReadBackwards(layout::View& view, ResourceNumber n) {
  std::uint64_t read = 0;
  ResourceNumber before = read_to_;
  if (!begun_ || n + 1 < read_to_) {
    STRATA_RETURN_IF_ERROR(
        Take(view, layout::WithNumber(prefix_, n), end_, /*reverse=*/false, 1, &read));
    // That row's later resources are not asked for any more.
    std::erase_if(members_, [n](ResourceNumber m) { return m > n; });
    std::reverse(members_.begin(), members_.end());
    read_to_ = before = n;
    if (!members_.empty()) {
      read_to_ = members_.back();
      return {};
    }
  }
  STRATA_RETURN_IF_ERROR(Take(view, prefix_, layout::WithNumber(prefix_, before), /*reverse=*/true,
                              rows_at_once_, &read));
  ended_ = read < rows_at_once_;
  return {};
}

// Reads rows into members_ and moves read_to_.
Status ValueCursor::Take(layout::View& view, const std::string& begin, const std::string& end,
                         bool reverse, std::uint64_t rows, std::uint64_t* read) {
  Status broken;
  Numbers members;
  const auto each = [&](const layout::StoredRow& row) {
    ++*read;
    layout::IndexKeyParts parts;
    members.clear();
    if (!layout::ParseIndexKey(row.key, &parts) || parts.value != value_ ||
        !layout::AppendAlive(parts.n, row.version, row.value, view.as_of(), &members)) {
      broken = DataLoss("an index row cannot be read");
      return false;
    }
    read_to_ = reverse ? layout::FirstOf(parts.n, row.value) : parts.n;
    if (reverse) std::reverse(members.begin(), members.end());
    members_.insert(members_.end(), members.begin(), members.end());
    return true;
  };
  STRATA_RETURN_IF_ERROR(view.Scan(begin, end, {.reverse = reverse, .limit = rows}, each));
  rows_read_ += *read;
  return broken;
}

// ---- several conditions -----------------------------------------------------------------------

OrderedWalk::OrderedWalk(layout::TypeNumber type, const std::vector<Values>& conditions,
                         ResourceNumber position, bool backwards)
    : at_(position), backwards_(backwards) {
  for (const Values& values : conditions) {
    Condition& condition = conditions_.emplace_back();
    for (const Criterion& value : values) {
      condition.emplace_back(type, value.parameter, *value.exact, backwards);
    }
  }
  StepBehind(position);
}

std::uint64_t OrderedWalk::rows_read() const {
  std::uint64_t rows = 0;
  for (const Condition& condition : conditions_) {
    for (const ValueCursor& cursor : condition) rows += cursor.rows_read();
  }
  return rows;
}

void OrderedWalk::StepBehind(ResourceNumber n) {
  agreeing_ = 0;
  if (backwards_ ? n <= 1 : n >= layout::kMaxResourceNumber) {
    done_ = true;
  } else {
    at_ = backwards_ ? n - 1 : n + 1;
  }
}

// The first resource at at_ or behind it that has one of the condition's values.
Result<std::optional<ResourceNumber>> OrderedWalk::Seek(layout::View& view, Condition* condition) {
  std::optional<ResourceNumber> first;
  for (ValueCursor& cursor : *condition) {
    STRATA_ASSIGN_OR_RETURN(const auto n, cursor.Seek(view, at_));
    if (n && (!first || (backwards_ ? *n > *first : *n < *first))) first = n;
  }
  return first;
}

Result<Numbers> OrderedWalk::Next(layout::View& view, std::uint64_t rows, std::size_t most) {
  Numbers next;
  const std::uint64_t before = rows_read();
  while (!done_ && next.size() < most && rows_read() - before < rows) {
    STRATA_ASSIGN_OR_RETURN(const auto n, Seek(view, &conditions_[turn_]));
    turn_ = (turn_ + 1) % conditions_.size();
    if (!n) {
      done_ = true;
      break;
    }
    agreeing_ = *n == at_ ? agreeing_ + 1 : 1;
    at_ = *n;
    if (agreeing_ < conditions_.size()) continue;
    next.push_back(*n);
    StepBehind(*n);
  }
  return next;
}

}  // namespace strata::fhir::search
