#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/data_fhir/layout/view.h"
#include "plugins/data_fhir/search/scan.h"
#include "plugins/data_fhir/terminology/source.h"

namespace strata::fhir::search {

// "Patient/7" out of "http://host/fhir/Patient/7" for a server whose base is "http://host/fhir";
// any other text as it is.
std::string_view WithoutBase(std::string_view text, std::string_view base_url);

// The resource of that type with that canonical URL, as terminology::Source::Find says; nullopt:
// there is none. The view's errors.
Result<std::optional<layout::ResourceNumber>> NumberByCanonical(layout::View& view,
                                                                std::string_view type,
                                                                std::string_view canonical);

// What parameters name by URL or by id, looked up in the store at the view's moment. Failures of
// the view are kept, so that they can be told from what a request got wrong. Single-threaded.
class StoredSource final : public terminology::Source {
 public:
  StoredSource(layout::View& view, std::string_view base_url) : view_(view), base_url_(base_url) {}

  // `canonical` may also be a reference: "ValueSet/7", or the same as a URL of this server.
  Result<std::optional<json::Document>> Find(std::string_view type,
                                             std::string_view canonical) override;
  // The current resource of that type and id.
  Result<std::optional<json::Document>> ById(std::string_view type, std::string_view id);

  // The view's failure, if there was one.
  const Status& failure() const { return failure_; }

 private:
  Result<std::optional<json::Document>> Kept(Result<std::optional<json::Document>> result);
  Result<std::optional<json::Document>> Read(const Numbers& numbers);

  layout::View& view_;
  std::string base_url_;
  Status failure_;
};

}  // namespace strata::fhir::search
