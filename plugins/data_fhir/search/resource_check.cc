#include "plugins/data_fhir/search/resource_check.h"

#include <algorithm>

namespace strata::fhir::search {

using layout::ParameterNumber;

namespace {

constexpr std::size_t kReadAtOnce = 128;

}  // namespace

Status ResourceCheck::ForEach(std::span<const layout::ResourceNumber> numbers, const Visit& visit) {
  for (std::size_t start = 0; start < numbers.size(); start += kReadAtOnce) {
    const auto part = numbers.subspan(start, std::min(kReadAtOnce, numbers.size() - start));
    const auto each = [&](std::size_t i, const layout::StoredResource& resource) -> Status {
      if (resource.header == nullptr || resource.json.empty()) return {};
      Result<json::Value> root = parser_.Parse(resource.json);
      if (!root.ok()) return DataLoss("a stored resource is no JSON");
      visit(start + i, *root);
      return {};
    };
    STRATA_RETURN_IF_ERROR(view_.ReadResources(part, /*with_json=*/true, each));
  }
  return {};
}

bool ResourceCheck::Holds(std::span<const Criterion> criteria, json::Value resource) {
  std::vector<ParameterNumber> parameters;
  for (const Criterion& criterion : criteria) {
    parameters.push_back(static_cast<ParameterNumber>(criterion.parameter & ~layout::kCompanion));
  }
  std::sort(parameters.begin(), parameters.end());
  parameters.erase(std::unique(parameters.begin(), parameters.end()), parameters.end());
  index::Extractor::R4().ExtractOnly(type_, resource, parameters, &entries_);
  return std::any_of(criteria.begin(), criteria.end(), [&](const Criterion& criterion) {
    const index::EntryList::Range range = entries_.RangeOf(criterion.parameter);
    for (std::size_t i = range.first; i < range.last; ++i) {
      if (!criterion.Accepts(entries_[i].value)) continue;
      return !criterion.verify || Verified(criterion, resource);
    }
    return false;
  });
}

bool ResourceCheck::Verified(const Criterion& criterion, json::Value resource) const {
  const auto parameter = static_cast<ParameterNumber>(criterion.parameter & ~layout::kCompanion);
  bool verified = false;
  index::Extractor::R4().VisitElements(type_, resource, {&parameter, 1},
                                       [&](const index::Conversion& conversion, json::Value value) {
                                         verified = verified || criterion.verify(conversion, value);
                                       });
  return verified;
}

}  // namespace strata::fhir::search
