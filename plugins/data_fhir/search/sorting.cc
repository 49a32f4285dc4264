#include "plugins/data_fhir/search/sorting.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/search/resource_check.h"

namespace strata::fhir::search {
namespace {

using layout::ResourceNumber;
using model::SearchType;

constexpr char kPresent = '\1';
// Reading so many index rows costs what looking at one resource does.
constexpr std::uint64_t kRowsPerLook = 40;

// An index value as something to sort by; nullopt for values that are not sorted by.
std::optional<std::string> SortValue(SearchType type, std::string_view value) {
  if (value.empty()) return std::nullopt;
  std::string out(1, kPresent);
  if (type == SearchType::kDate) {
    const std::optional<index::DateRange> date = index::TakeDate(&value);
    if (!date) return std::nullopt;
    const std::int64_t at = date->low == index::DateRange::kNoLow ? date->high : date->low;
    layout::AppendBigEndian(static_cast<std::uint64_t>(at) ^ (std::uint64_t{1} << 63), 8, &out);
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
      reader.Read(view, rows->size() * kRowsPerLook, [&](std::string_view value, ResourceNumber n) {
        if (SortRow* row = Find(*rows, n)) Keep(sort, SortValue(sort.type, value), &row->keys[key]);
        return true;
      }));
  return reader.done();
}

Status KeysFromResources(layout::View& view, layout::TypeNumber type, const SortKey& sort,
                         std::size_t key, const Numbers& numbers, std::vector<SortRow>* rows) {
  ResourceCheck check(view, type);
  index::EntryList entries;
  return check.ForEach(numbers, [&](std::size_t i, json::Value resource) {
    index::Extractor::R4().ExtractOnly(type, resource, {&sort.parameter, 1}, &entries);
    const index::EntryList::Range range = entries.RangeOf(sort.parameter);
    std::string& kept = (*rows)[i].keys[key];
    kept.clear();
    for (std::size_t e = range.first; e < range.last; ++e) {
      Keep(sort, SortValue(sort.type, entries[e].value), &kept);
    }
  });
}

Status KeysFromIds(layout::View& view, std::size_t key, const Numbers& numbers,
                   std::vector<SortRow>* rows) {
  const auto each = [&](std::size_t i, const layout::StoredResource& resource) -> Status {
    if (resource.header != nullptr) (*rows)[i].keys[key] = kPresent + resource.header->id;
    return {};
  };
  return view.ReadResources(numbers, /*with_json=*/false, each);
}

}  // namespace

bool ComesBefore(const std::vector<SortKey>& sort, const SortRow& a, const SortRow& b) {
  for (std::size_t i = 0; i < sort.size(); ++i) {
    const int order = a.keys[i].compare(b.keys[i]);
    if (order == 0) continue;
    if (a.keys[i].empty() || b.keys[i].empty()) return b.keys[i].empty();
    return sort[i].descending ? order > 0 : order < 0;
  }
  return a.n < b.n;
}

Result<std::vector<SortRow>> Sorted(layout::View& view, const Query& query,
                                    const Numbers& numbers) {
  std::vector<SortRow> rows;
  rows.reserve(numbers.size());
  for (const ResourceNumber n : numbers) {
    rows.push_back({n, std::vector<std::string>(query.sort.size())});
  }
  for (std::size_t key = 0; key < query.sort.size() && !rows.empty(); ++key) {
    const SortKey& sort = query.sort[key];
    if (sort.by == SortKey::By::kId) {
      STRATA_RETURN_IF_ERROR(KeysFromIds(view, key, numbers, &rows));
      continue;
    }
    bool found = false;
    if (numbers.size() > 64) {
      STRATA_ASSIGN_OR_RETURN(found, KeysFromIndex(view, query.type_number, sort, key, &rows));
    }
    if (found) continue;
    STRATA_RETURN_IF_ERROR(KeysFromResources(view, query.type_number, sort, key, numbers, &rows));
  }
  std::sort(rows.begin(), rows.end(),
            [&](const SortRow& a, const SortRow& b) { return ComesBefore(query.sort, a, b); });
  return rows;
}

}  // namespace strata::fhir::search
