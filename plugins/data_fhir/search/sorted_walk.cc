#include "plugins/data_fhir/search/sorted_walk.h"

#include <algorithm>
#include <iterator>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/sort_stretch.h"

namespace strata::fhir::search {
namespace {

// Resources of one value that are gone through one by one.
constexpr std::size_t kManyOfOneValue = 256;

}  // namespace

// The key at which an index value begins; that behind the last one when it is empty.
std::string SortedWalk::KeyAt(const std::string& value) const {
  if (value.empty()) return layout::PrefixEnd(layout::IndexPrefix(type_, sort_.parameter));
  return layout::IndexPrefix(type_, sort_.parameter, value);
}

std::optional<SortedWalk> SortedWalk::Along(const Query& query, const std::optional<SortRow>& from,
                                            bool backwards) {
  const SortKey& sort = query.sort.front();
  if (StretchesOf(sort) == 0 || (from && from->keys.front().empty())) return std::nullopt;
  SortedWalk walk(sort, query.type_number, backwards);
  for (int i = 0; i < StretchesOf(sort); ++i) {
    ValueSpan span = StretchAt(sort, i);
    if (from) {
      auto at = StretchAt(sort, i, from->keys.front());
      if (!at) return std::nullopt;
      (walk.reverse_ ? span.end : span.begin) = std::move(walk.reverse_ ? at->end : at->begin);
    }
    walk.ranges_.push_back(
        {RangeReader(layout::IndexPrefix(query.type_number, sort.parameter, span.begin),
                     walk.KeyAt(span.end), walk.reverse_),
         {},
         i});
  }
  return walk;
}

std::optional<std::string> SortedWalk::LongValue() const {
  const std::string* first = nullptr;
  bool is_long = false;
  for (const Range& range : ranges_) {
    // What stands here is not known yet.
    if (range.waiting.empty() && !range.reader.done()) return std::nullopt;
    if (range.waiting.empty()) continue;
    const std::string& value = range.waiting.front().first;
    if (first != nullptr && ComesFirst(*first, value)) continue;
    if (first == nullptr || *first != value) is_long = false;
    first = &value;
    is_long = is_long || (!range.reader.done() && range.waiting.size() > kManyOfOneValue &&
                          range.waiting.back().first == value);
  }
  return is_long ? std::optional<std::string>(*first) : std::nullopt;
}

void SortedWalk::Skip(const std::string& value) {
  for (Range& range : ranges_) {
    std::erase_if(range.waiting, [&](const Step& step) { return step.first == value; });
    const auto span = StretchAt(sort_, range.stretch, value);
    // Of values that wait all is read up to there.
    if (!range.waiting.empty() || !span) continue;
    if (reverse_) {
      range.reader.EndAt(KeyAt(span->begin));
    } else {
      range.reader.BeginAt(KeyAt(span->end));
    }
  }
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
