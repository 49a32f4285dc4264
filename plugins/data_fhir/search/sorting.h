#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

// A resource and what it is sorted by.
struct SortRow {
  layout::ResourceNumber n = 0;
  // One per sort key, comparable as bytes; empty: the resource has no such value.
  std::vector<std::string> keys;
};

// Whether `a` comes before `b` (FHIR R4 search.html#sort): of several values the smallest counts,
// descending the largest; resources without a value come last; ties are in order of number.
bool ComesBefore(const std::vector<SortKey>& sort, const SortRow& a, const SortRow& b);

// An index value as something to sort by; nullopt for values that are not sorted by.
std::optional<std::string> SortValue(const SortKey& sort, std::string_view value);
// By what the index orders a resource with such a sort key: an id's order is not quite the id.
std::string StepKey(const SortKey& sort, const std::string& key);
// The time in a sort value of a date; nullopt: it is none.
std::optional<std::int64_t> DateOfSortValue(std::string_view key);

// The resources in that order; those behind the first so many in any. Errors as the view's.
Result<std::vector<SortRow>> Sorted(layout::View& view, const Query& query, const Numbers& numbers,
                                    std::size_t first = SIZE_MAX);

}  // namespace strata::fhir::search
