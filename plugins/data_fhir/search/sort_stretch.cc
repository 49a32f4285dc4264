#include "plugins/data_fhir/search/sort_stretch.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "plugins/data_fhir/index/date_value.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/id_order.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/search/sorting.h"

namespace strata::fhir::search {
namespace {

using model::SearchType;

// What quantities are sorted by; in the order of the index.
constexpr std::array<index::QuantityForm, 2> kSortedForms = {index::QuantityForm::kAsWritten,
                                                             index::QuantityForm::kRange};

char FirstByte(const SortKey& sort, int i) {
  return sort.type == SearchType::kDate
             ? static_cast<char>(i)
             : static_cast<char>(kSortedForms[static_cast<std::size_t>(i)]);
}

bool HasClasses(const SortKey& sort) {
  if (sort.by == SortKey::By::kId) return false;
  return sort.type == SearchType::kDate || sort.type == SearchType::kQuantity;
}

}  // namespace

int StretchesOf(const SortKey& sort) {
  if (sort.by == SortKey::By::kId) return sort.parameter != 0 ? 1 : 0;
  switch (sort.type) {
    case SearchType::kDate:
      return index::kDateClasses;
    case SearchType::kQuantity:
      return static_cast<int>(kSortedForms.size());
    case SearchType::kString:
    case SearchType::kToken:
    case SearchType::kReference:
    case SearchType::kUri:
    case SearchType::kNumber:
      return 1;
    case SearchType::kComposite:
    case SearchType::kSpecial:
      break;
  }
  return 0;
}

ValueSpan StretchAt(const SortKey& sort, int i) {
  if (!HasClasses(sort)) return {};
  return StartingWith(std::string(1, FirstByte(sort, i)));
}

std::optional<ValueSpan> StretchAt(const SortKey& sort, int i, std::string_view key) {
  if (key.empty()) return std::nullopt;
  if (sort.by == SortKey::By::kId) return StartingWith(index::IdOrder(key.substr(1)));
  if (sort.type == SearchType::kDate) {
    const std::optional<std::int64_t> at = DateOfSortValue(key);
    if (!at) return std::nullopt;
    const auto date_class = static_cast<index::DateClass>(i);
    ValueSpan span = StretchAt(sort, i);
    span.begin = index::DateScanStart(date_class, *at);
    if (*at < index::DateRange::kNoHigh) span.end = index::DateScanStart(date_class, *at + 1);
    return span;
  }
  std::string value(key.substr(1));
  if (HasClasses(sort)) value.insert(value.begin(), FirstByte(sort, i));
  return StartingWith(value);
}

std::optional<Criterion> HasSortValue(const SortKey& sort, std::string_view key) {
  if (sort.by == SortKey::By::kId) return std::nullopt;  // Hardly more than one resource has it.
  if (!HasClasses(sort) && key.size() > 1) {
    return Criterion::Exact(sort.parameter, std::string(key.substr(1)));
  }
  Criterion criterion;
  criterion.parameter = sort.parameter;
  for (int i = 0; i < StretchesOf(sort); ++i) {
    auto span = StretchAt(sort, i, key);
    if (!span) return std::nullopt;
    if (span->end.empty() || span->begin < span->end) criterion.spans.push_back(*std::move(span));
  }
  return criterion;
}

Criterion HasSortValue(const SortKey& sort) {
  Criterion criterion;
  criterion.parameter = sort.parameter;
  for (int i = 0; i < StretchesOf(sort); ++i) criterion.spans.push_back(StretchAt(sort, i));
  // There is a row with an empty value where what a resource has cannot be searched for.
  if (!HasClasses(sort)) criterion.matches = [](std::string_view value) { return !value.empty(); };
  return criterion;
}

}  // namespace strata::fhir::search
