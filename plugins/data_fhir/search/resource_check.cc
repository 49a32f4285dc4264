#include "plugins/data_fhir/search/resource_check.h"

#include <algorithm>
#include <utility>

namespace strata::fhir::search {

using layout::ParameterNumber;

namespace {

constexpr std::size_t kReadAtOnce = 128;

bool Verified(const index::Extractor& extractor, layout::TypeNumber type,
              const Criterion& criterion, json::Value resource) {
  const auto parameter = static_cast<ParameterNumber>(criterion.parameter & ~layout::kCompanion);
  bool verified = false;
  extractor.VisitElements(type, resource, {&parameter, 1},
                          [&](const index::Conversion& conversion, json::Value value) {
                            verified = verified || criterion.verify(conversion, value);
                          });
  return verified;
}

// `entries` is room to work in.
bool HoldsWith(const index::Extractor& extractor, layout::TypeNumber type,
               std::span<const Criterion> criteria, json::Value resource,
               index::EntryList* entries) {
  std::vector<ParameterNumber> parameters;
  for (const Criterion& criterion : criteria) {
    if (!criterion.look) {
      parameters.push_back(static_cast<ParameterNumber>(criterion.parameter & ~layout::kCompanion));
    } else if (criterion.look(resource)) {
      return true;
    }
  }
  std::sort(parameters.begin(), parameters.end());
  parameters.erase(std::unique(parameters.begin(), parameters.end()), parameters.end());
  extractor.ExtractOnly(type, resource, parameters, entries);
  return std::any_of(criteria.begin(), criteria.end(), [&](const Criterion& criterion) {
    if (criterion.look) return false;
    const index::EntryList::Range range = entries->RangeOf(criterion.parameter);
    for (std::size_t i = range.first; i < range.last; ++i) {
      if (!criterion.Accepts((*entries)[i].value)) continue;
      return !criterion.verify || Verified(extractor, type, criterion, resource);
    }
    return false;
  });
}

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
  return HoldsWith(index::ExtractorOf(view_), type_, criteria, resource, &entries_);
}

bool HoldsFor(const index::Extractor& extractor, layout::TypeNumber type,
              std::span<const Criterion> criteria, json::Value resource) {
  index::EntryList entries;
  return HoldsWith(extractor, type, criteria, resource, &entries);
}

Criterion LookAt(std::function<bool(json::Value resource)> look) {
  Criterion criterion = Criterion::Exact(index::AllNumber(), std::string());
  criterion.look = std::move(look);
  return criterion;
}

}  // namespace strata::fhir::search
