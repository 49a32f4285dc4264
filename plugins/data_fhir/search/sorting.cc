#include "plugins/data_fhir/search/sorting.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/index/id_order.h"
#include "plugins/data_fhir/index/kept_values.h"
#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/resource_check.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;
using model::SearchType;

constexpr char kPresent = '\1';
// Makes the order of signed numbers that of their bytes.
constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
// Reading so many index rows costs what looking at one resource does.
constexpr std::uint64_t kRowsPerLook = 40;
// From so many resources on the index is tried first.
constexpr std::size_t kManyRows = 1000;

void Keep(const SortKey& sort, std::optional<std::string> value, std::string* kept) {
  if (!value) return;
  if (kept->empty() || (sort.descending ? *value > *kept : *value < *kept)) {
    *kept = *std::move(value);
  }
}

SortRow* Find(std::vector<SortRow>& rows, ResourceNumber n) {
  const auto at = std::lower_bound(rows.begin(), rows.end(), n,
                                   [](const SortRow& row, ResourceNumber x) { return row.n < x; });
  return at != rows.end() && at->n == n ? &*at : nullptr;
}

// All values of one parameter; false: there are too many rows to read.
Result<bool> KeysFromIndex(layout::View& view, layout::TypeNumber type, const SortKey& sort,
                           std::size_t key, std::vector<SortRow>* rows) {
  const std::string begin = layout::IndexPrefix(type, sort.parameter);
  RangeReader reader(begin, layout::PrefixEnd(begin));
  STRATA_RETURN_IF_ERROR(
      reader.Read(view, rows->size() * kRowsPerLook, [&](std::string_view value, auto members) {
        for (const ResourceNumber n : members) {
          SortRow* const row = Find(*rows, n);
          if (row != nullptr) Keep(sort, SortValue(sort, value), &row->keys[key]);
        }
        return true;
      }));
  return reader.done();
}

// Which sort keys a look at something answers.
using KeyNumbers = std::vector<std::size_t>;

// Ids, and dates where the headers tell them; the places of resources whose headers do not tell all
// go to *unknown.
Status KeysFromHeaders(layout::View& view, const std::vector<SortKey>& sort,
                       const KeyNumbers& wanted, const Numbers& numbers, std::vector<SortRow>* rows,
                       std::vector<std::size_t>* unknown) {
  const auto each = [&](std::size_t i, const layout::StoredResource& resource) -> Status {
    if (resource.header == nullptr) return {};
    bool told = true;
    for (const std::size_t key : wanted) {
      std::string& kept = (*rows)[i].keys[key];
      if (sort[key].by == SortKey::By::kId) {
        kept = kPresent + resource.header->id;
        continue;
      }
      const auto keep = [&](std::string_view value) {
        Keep(sort[key], SortValue(sort[key], value), &kept);
      };
      told = index::VisitKept(*resource.header, sort[key].parameter, keep) && told;
    }
    if (!told) unknown->push_back(i);
    return {};
  };
  return view.ReadResources(numbers, /*with_json=*/false, each);
}

Status KeysFromResources(layout::View& view, layout::TypeNumber type,
                         const std::vector<SortKey>& sort, const KeyNumbers& wanted,
                         const std::vector<std::size_t>& places, std::vector<SortRow>* rows) {
  Numbers numbers;
  for (const std::size_t place : places) numbers.push_back((*rows)[place].n);
  std::vector<layout::ParameterNumber> parameters;
  for (const std::size_t key : wanted) parameters.push_back(sort[key].parameter);
  std::sort(parameters.begin(), parameters.end());
  ResourceCheck check(view, type);
  index::EntryList entries;
  return check.ForEach(numbers, [&](std::size_t i, json::Value resource) {
    index::ExtractorOf(view).ExtractOnly(type, resource, parameters, &entries);
    for (const std::size_t key : wanted) {
      const index::EntryList::Range range = entries.RangeOf(sort[key].parameter);
      std::string& kept = (*rows)[places[i]].keys[key];
      kept.clear();
      for (std::size_t e = range.first; e < range.last; ++e) {
        Keep(sort[key], SortValue(sort[key], entries[e].value), &kept);
      }
    }
  });
}

}  // namespace

std::optional<std::string> SortValue(const SortKey& sort, std::string_view value) {
  if (value.empty()) return std::nullopt;
  std::string out(1, kPresent);
  if (sort.by == SortKey::By::kId) return out.append(value);
  const SearchType type = sort.type;
  if (type == SearchType::kDate) {
    const std::optional<index::DateRange> date = index::TakeDate(&value);
    if (!date) return std::nullopt;
    const std::int64_t at = date->low == index::DateRange::kNoLow ? date->high : date->low;
    layout::AppendBigEndian(static_cast<std::uint64_t>(at) ^ kSign, 8, &out);
    return out;
  }
  if (type == SearchType::kQuantity) {
    const std::optional<index::StoredQuantity> quantity = index::TakeQuantity(&value);
    if (!quantity || quantity->form == index::QuantityForm::kCanonical) return std::nullopt;
    index::AppendNumber(quantity->low, &out);
    return out;
  }
  return out.append(value);
}

std::string StepKey(const SortKey& sort, const std::string& key) {
  if (sort.by != SortKey::By::kId || key.empty()) return key;
  return key.front() + index::IdOrder(std::string_view(key).substr(1));
}

std::optional<std::int64_t> DateOfSortValue(std::string_view key) {
  if (key.size() != 1 + sizeof(std::uint64_t)) return std::nullopt;
  return static_cast<std::int64_t>(layout::ReadBigEndian(key.substr(1), 8) ^ kSign);
}

bool ComesBefore(const std::vector<SortKey>& sort, const SortRow& a, const SortRow& b) {
  for (std::size_t i = 0; i < sort.size(); ++i) {
    const int order = a.keys[i].compare(b.keys[i]);
    if (order == 0) continue;
    if (a.keys[i].empty() || b.keys[i].empty()) return b.keys[i].empty();
    return sort[i].descending ? order > 0 : order < 0;
  }
  return a.n < b.n;
}

Result<std::vector<SortRow>> Sorted(layout::View& view, const Query& query, const Numbers& numbers,
                                    std::size_t first) {
  std::vector<SortRow> rows;
  rows.reserve(numbers.size());
  for (const ResourceNumber n : numbers) {
    rows.push_back({n, std::vector<std::string>(query.sort.size())});
  }
  KeyNumbers in_headers, in_bodies;
  for (std::size_t key = 0; key < query.sort.size() && !rows.empty(); ++key) {
    const SortKey& sort = query.sort[key];
    bool found = false;
    if (sort.by == SortKey::By::kParameter && numbers.size() > kManyRows) {
      STRATA_ASSIGN_OR_RETURN(found, KeysFromIndex(view, query.type_number, sort, key, &rows));
    }
    if (found) continue;
    const bool told =
        sort.by == SortKey::By::kId || index::IsKept(query.type_number, sort.parameter);
    (told ? in_headers : in_bodies).push_back(key);
  }
  std::vector<std::size_t> places(in_bodies.empty() ? 0 : rows.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  if (!in_bodies.empty()) {
    STRATA_RETURN_IF_ERROR(
        KeysFromResources(view, query.type_number, query.sort, in_bodies, places, &rows));
  }
  if (!in_headers.empty()) {
    places.clear();
    STRATA_RETURN_IF_ERROR(KeysFromHeaders(view, query.sort, in_headers, numbers, &rows, &places));
    std::erase_if(in_headers,
                  [&](std::size_t key) { return query.sort[key].by == SortKey::By::kId; });
    STRATA_RETURN_IF_ERROR(
        KeysFromResources(view, query.type_number, query.sort, in_headers, places, &rows));
  }
  const auto before = [&](const SortRow& a, const SortRow& b) {
    return ComesBefore(query.sort, a, b);
  };
  if (first < rows.size()) {
    std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(first), rows.end(),
                      before);
  } else {
    std::sort(rows.begin(), rows.end(), before);
  }
  return rows;
}

}  // namespace strata::fhir::search
