#include "plugins/data_fhir/search/sorted_walk.h"

#include <algorithm>
#include <iterator>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/sort_stretch.h"

namespace strata::fhir::search {
namespace {

// Resources of one value that are gone through one by one; more where they are in order anyhow.
constexpr std::size_t kManyOfOneValue = 40;
constexpr std::size_t kManyInOrder = 256;

bool IsEmpty(const ValueSpan& span) { return !span.end.empty() && span.begin >= span.end; }

ValueSpan Common(const ValueSpan& a, const ValueSpan& b) {
  const bool a_ends_first = b.end.empty() || (!a.end.empty() && a.end < b.end);
  return {std::max(a.begin, b.begin), a_ends_first ? a.end : b.end};
}

// From the first to the last of the values in `spans` (in order) that lie within `whole`.
ValueSpan Around(const std::vector<ValueSpan>& spans, const ValueSpan& whole) {
  std::optional<ValueSpan> around;
  for (const ValueSpan& span : spans) {
    if (IsEmpty(Common(span, whole))) continue;
    if (!around) {
      around = span;
    } else if (span.end.empty() || span.end > around->end) {
      around->end = span.end;
    }
  }
  // None: an empty span.
  return around ? *std::move(around) : ValueSpan{whole.begin, whole.begin};
}

}  // namespace

// The key at which an index value begins; that behind the last one when it is empty.
std::string SortedWalk::KeyAt(layout::ParameterNumber parameter, const std::string& prefix,
                              const std::string& value) const {
  if (value.empty()) return layout::PrefixEnd(layout::IndexPrefix(type_, parameter, prefix));
  return layout::IndexPrefix(type_, parameter, prefix + value);
}

std::optional<SortedWalk> SortedWalk::Along(const Query& query, const std::optional<SortRow>& from,
                                            bool backwards, const std::optional<Within>& within,
                                            const Criterion* bounds) {
  const SortKey& sort = query.sort.front();
  if (StretchesOf(sort) == 0 || (from && from->keys.front().empty())) return std::nullopt;
  SortedWalk walk(sort, query.type_number, backwards);
  walk.many_of_one_value_ = query.sort.size() > 1 ? kManyOfOneValue : kManyInOrder;
  for (int i = 0; i < StretchesOf(sort); ++i) {
    if (!within && !walk.AddRange(i, sort.parameter, {}, from, bounds)) return std::nullopt;
    if (!within) continue;
    for (const std::string& value : within->values) {
      if (!walk.AddRange(i, within->composite, value, from, bounds)) return std::nullopt;
    }
  }
  return walk;
}

// false: `from` is no place in such an order.
bool SortedWalk::AddRange(int stretch, layout::ParameterNumber parameter, const std::string& prefix,
                          const std::optional<SortRow>& from, const Criterion* bounds) {
  ValueSpan span = StretchAt(sort_, stretch);
  if (from) {
    auto at = StretchAt(sort_, stretch, from->keys.front());
    if (!at) return false;
    (reverse_ ? span.end : span.begin) = std::move(reverse_ ? at->end : at->begin);
  }
  if (bounds != nullptr) span = Common(span, Around(bounds->spans, span));
  if (IsEmpty(span)) return true;
  ranges_.push_back({RangeReader(layout::IndexPrefix(type_, parameter, prefix + span.begin),
                                 KeyAt(parameter, prefix, span.end), reverse_),
                     {},
                     stretch,
                     parameter,
                     prefix});
  return true;
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
    is_long = is_long || (!range.reader.done() && range.waiting.size() > many_of_one_value_ &&
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
      range.reader.EndAt(KeyAt(range.parameter, range.prefix, span->begin));
    } else {
      range.reader.BeginAt(KeyAt(range.parameter, range.prefix, span->end));
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
    const auto take = [&](std::string_view value, std::span<const layout::ResourceNumber> members) {
      value.remove_prefix(range.prefix.size());
      const auto key = SortValue(sort_, value);
      if (!key) return true;
      for (const layout::ResourceNumber n : members) range.waiting.emplace_back(*key, n);
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
  Order(&next);
  // Who has several of the values comes by with each of them.
  next.erase(std::unique(next.begin(), next.end()), next.end());
  return next;
}

// Mostly the values are in order, and only the resources of some of them are not.
void SortedWalk::Order(std::vector<Step>* steps) const {
  const auto by_value = [this](const Step& a, const Step& b) {
    return ComesFirst(a.first, b.first);
  };
  if (!std::is_sorted(steps->begin(), steps->end(), by_value)) {
    std::stable_sort(steps->begin(), steps->end(), by_value);
  }
  const auto by_number = [this](const Step& a, const Step& b) {
    return backwards_ ? a.second > b.second : a.second < b.second;
  };
  for (auto begin = steps->begin(); begin != steps->end();) {
    const auto end = std::find_if(begin, steps->end(),
                                  [&](const Step& step) { return step.first != begin->first; });
    if (!std::is_sorted(begin, end, by_number)) std::sort(begin, end, by_number);
    begin = end;
  }
}

}  // namespace strata::fhir::search
