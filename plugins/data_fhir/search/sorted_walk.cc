#include "plugins/data_fhir/search/sorted_walk.h"

#include <algorithm>
#include <iterator>

#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"

namespace strata::fhir::search {
namespace {

using model::SearchType;

// Index values that stand in the order of the sort key: [begin, end) and where it starts.
struct Stretch {
  std::string begin;
  std::string end;
};

// One stretch per class of dates; they are merged.
std::vector<Stretch> DateStretches(const std::optional<std::int64_t>& from, bool reverse) {
  std::vector<Stretch> stretches;
  for (int i = 0; i < index::kDateClasses; ++i) {
    const auto date_class = static_cast<index::DateClass>(i);
    const std::string all(1, static_cast<char>(date_class));
    Stretch stretch{all, layout::PrefixEnd(all)};
    if (from && !reverse) stretch.begin = index::DateScanStart(date_class, *from);
    if (from && reverse && *from < index::DateRange::kNoHigh) {
      stretch.end = index::DateScanStart(date_class, *from + 1);
    }
    stretches.push_back(std::move(stretch));
  }
  return stretches;
}

bool IsInOrder(const SortKey& sort) {
  if (sort.by != SortKey::By::kParameter) return false;
  switch (sort.type) {
    case SearchType::kDate:
    case SearchType::kString:
    case SearchType::kToken:
    case SearchType::kReference:
    case SearchType::kUri:
    case SearchType::kNumber:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<SortedWalk> SortedWalk::Along(const Query& query, const std::optional<SortRow>& from,
                                            bool backwards) {
  const SortKey& sort = query.sort.front();
  if (!IsInOrder(sort) || (from && from->keys.front().empty())) return std::nullopt;
  SortedWalk walk(sort, backwards);
  std::vector<Stretch> stretches;
  if (sort.type == SearchType::kDate) {
    std::optional<std::int64_t> at;
    if (from) at = DateOfSortValue(from->keys.front());
    if (from && !at) return std::nullopt;
    stretches = DateStretches(at, walk.reverse_);
  } else {
    Stretch all;
    const std::string_view value =
        from ? std::string_view(from->keys.front()).substr(1) : std::string_view();
    if (from && !walk.reverse_) all.begin = value;
    if (from && walk.reverse_) all.end = layout::PrefixEnd(value);
    stretches.push_back(std::move(all));
  }
  for (const Stretch& stretch : stretches) {
    std::string end =
        stretch.end.empty()
            ? layout::PrefixEnd(layout::IndexPrefix(query.type_number, sort.parameter))
            : layout::IndexPrefix(query.type_number, sort.parameter, stretch.end);
    walk.ranges_.push_back(
        {RangeReader(layout::IndexPrefix(query.type_number, sort.parameter, stretch.begin),
                     std::move(end), walk.reverse_),
         {}});
  }
  return walk;
}

bool SortedWalk::done() const {
  return std::all_of(ranges_.begin(), ranges_.end(), [](const Range& range) {
    return range.reader.done() && range.waiting.empty();
  });
}

std::uint64_t SortedWalk::rows_read() const {
  std::uint64_t rows = 0;
  for (const Range& range : ranges_) rows += range.reader.rows_read();
  return rows;
}

Result<std::vector<SortedWalk::Step>> SortedWalk::Next(layout::View& view, std::uint64_t rows) {
  // Values up to where every range has been read are complete, but for the last one itself.
  std::optional<std::string> horizon;
  for (Range& range : ranges_) {
    const auto take = [&](std::string_view value, layout::ResourceNumber n) {
      if (auto key = SortValue(sort_.type, value)) range.waiting.emplace_back(*std::move(key), n);
      return true;
    };
    const bool few =
        range.waiting.empty() || range.waiting.front().first == range.waiting.back().first;
    if (!range.reader.done() && few) STRATA_RETURN_IF_ERROR(range.reader.Read(view, rows, take));
    if (range.reader.done()) continue;
    if (range.waiting.empty()) return std::vector<Step>();  // Only what is past was read.
    const std::string& last = range.waiting.back().first;
    if (!horizon || ComesFirst(last, *horizon)) horizon = last;
  }
  std::vector<Step> next;
  for (Range& range : ranges_) {
    const auto end = std::find_if(range.waiting.begin(), range.waiting.end(), [&](const Step& s) {
      return horizon && !ComesFirst(s.first, *horizon);
    });
    std::move(range.waiting.begin(), end, std::back_inserter(next));
    range.waiting.erase(range.waiting.begin(), end);
  }
  std::sort(next.begin(), next.end(), [&](const Step& a, const Step& b) {
    return a.first != b.first ? ComesFirst(a.first, b.first) : backwards_ != (a.second < b.second);
  });
  return next;
}

}  // namespace strata::fhir::search
