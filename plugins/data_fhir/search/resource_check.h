#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/base/json.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

// Whether one of `criteria`, of parameters of the standard, accepts the resource. Thread-safe.
bool HoldsFor(const index::Extractor& extractor, layout::TypeNumber type,
              std::span<const Criterion> criteria, json::Value resource);

// All resources for which `look` holds.
Criterion LookAt(std::function<bool(json::Value resource)> look);

// Whether the criteria of a clause hold for a resource, answered from the resource itself: for what
// the index cannot tell, and where asking it would cost more. Single-threaded.
class ResourceCheck {
 public:
  ResourceCheck(layout::View& view, layout::TypeNumber type) : view_(view), type_(type) {}

  // Shows each resource as of the view's moment to `visit`; those that did not exist are left out.
  using Visit = std::function<void(std::size_t index, json::Value resource)>;
  Status ForEach(std::span<const layout::ResourceNumber> numbers, const Visit& visit);

  // Whether one of `criteria` accepts the resource.
  bool Holds(std::span<const Criterion> criteria, json::Value resource);

 private:
  layout::View& view_;
  layout::TypeNumber type_;
  json::Parser parser_;
  index::EntryList entries_;
};

}  // namespace strata::fhir::search
