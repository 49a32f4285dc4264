#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/form.h"
#include "core/base/json.h"
#include "core/base/status.h"

namespace strata {
class Context;
namespace data::v1 {
class DataClient;
class SearchRequest;
}  // namespace data::v1
}  // namespace strata

// Resources of one patient, as the pages need them.
namespace strata::record_viewer {

// Resources of one search. The values live as long as this object.
struct ResourceList {
  std::vector<json::Document> documents;
  // There are more than the limit: what is here is not everything.
  bool truncated = false;
};

// One page of a search that is shown page by page.
struct ResourcePage {
  std::vector<json::Document> documents;
  std::string next_page_token;
  std::optional<std::uint64_t> total;
};

// Reads through the data contract for one request. Errors are those of the contract (its README);
// INTERNAL for a resource that is no JSON. Single-threaded.
class RecordSource final {
 public:
  RecordSource(const data::v1::DataClient& data, const Context& context, std::size_t max_entries)
      : data_(data), context_(context), max_entries_(max_entries) {}

  Result<json::Document> Read(std::string_view type, std::string_view id);

  // All matches up to the limit, in the order of the data layer: the caller sorts, because a data
  // plugin need not know how to.
  Result<ResourceList> SearchAll(std::string_view type, const web::Parameters& parameters);

  Result<ResourcePage> SearchPage(std::string_view type, const web::Parameters& parameters,
                                  std::string_view page_token);

  // Name of what a Reference points to: its display, else the name of the resource, else the
  // reference itself; empty when there is nothing. `container` is where "#id" is looked up. Reads
  // each resource once, and only a bounded number of them.
  std::string NameOf(json::Value reference, json::Value container);

  // The resource of a relative reference "Medication/1"; missing when it is none or does not
  // resolve. Valid as long as this object.
  json::Value Resolve(json::Value reference, json::Value container);

 private:
  Result<ResourcePage> Search(const data::v1::SearchRequest& request);

  const data::v1::DataClient& data_;
  const Context& context_;
  const std::size_t max_entries_;
  std::map<std::string, Result<json::Document>, std::less<>> resolved_;
};

}  // namespace strata::record_viewer
