#pragma once

#include <strata/context.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/bundle/overlay_view.h"
#include "plugins/data_fhir/store/hosting_view.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::bundle {

// A resource that a bundle is about to write: where it will be, and its text as the client sent it.
struct PendingResource {
  store::ResourceKey key;
  json::Value root;
};

// Searches what is stored together with what is about to be stored. A resource that is about to be
// changed counts as what it will be. Single-threaded; blocks.
class PendingSearch final {
 public:
  PendingSearch(store::Store& store, const Context& cx) : store_(store), cx_(cx) {}

  void Add(const PendingResource& resource) { pending_[resource.key.type].push_back(resource); }

  struct Match {
    std::string id;
    bool pending = false;

    auto operator<=>(const Match&) const = default;
  };
  // Some of the resources that match: none, one, or more than one. Errors of search.
  Result<std::set<Match>> Find(std::string_view type, const store::Parameters& parameters);

 private:
  Status Prepare(layout::TypeNumber type);

  store::Store& store_;
  const Context& cx_;
  std::map<layout::TypeNumber, std::vector<PendingResource>> pending_;
  std::map<layout::TypeNumber, std::size_t> shown_;  // how many of them the view has
  std::map<layout::TypeNumber, std::set<std::string, std::less<>>> pending_ids_;
  std::unique_ptr<store::HostingView> stored_;
  std::unique_ptr<OverlayView> view_;
};

}  // namespace strata::fhir::bundle
