#pragma once

#include <optional>
#include <string_view>

#include "plugins/data_fhir/search/criterion.h"
#include "plugins/data_fhir/search/query.h"

// Where the index holds the values of a sort key, in their order: in one stretch of it, or in one
// for each class of dates and form of quantities, which are merged. Thread-safe.
namespace strata::fhir::search {

// How many stretches there are; 0: the index is not in the order of that key.
int StretchesOf(const SortKey& sort);

// The index values of stretch `i`; with `key` (a sort value, sorting.h) those that are sorted as it
// is, an empty span when there can be none. nullopt: `key` is no value of such a sort key.
ValueSpan StretchAt(const SortKey& sort, int i);
std::optional<ValueSpan> StretchAt(const SortKey& sort, int i, std::string_view key);

// The resources that have a value that is sorted as `key`, or any value that is sorted by.
std::optional<Criterion> HasSortValue(const SortKey& sort, std::string_view key);
Criterion HasSortValue(const SortKey& sort);

}  // namespace strata::fhir::search
