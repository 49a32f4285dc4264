#include "plugins/data_fhir/bundle/conditional_references.h"

#include <set>

#include "plugins/data_fhir/bundle/overlay_view.h"
#include "plugins/data_fhir/bundle/request_url.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/hosting_view.h"

namespace strata::fhir::bundle {
namespace {

// A stored resource and its new version in this transaction count as one.
constexpr std::size_t kMatches = 4;

}  // namespace

Result<std::string> ConditionalReferences::Resolve(std::string_view link) {
  const auto known = resolved_.find(link);
  if (known != resolved_.end()) return known->second;
  STRATA_ASSIGN_OR_RETURN(std::string reference, Search(link));
  return resolved_.emplace(std::string(link), std::move(reference)).first->second;
}

Result<std::string> ConditionalReferences::Search(std::string_view link) {
  STRATA_ASSIGN_OR_RETURN(const RequestUrl url, ParseRequestUrl(link, {}));
  STRATA_ASSIGN_OR_RETURN(const std::uint64_t latest, store_.hosting.LatestVersion(cx_));
  store::HostingView stored(store_.records, cx_, latest);
  OverlayView view(stored);
  const layout::TypeNumber type = layout::TypeNumberOf(url.type);
  for (const PendingResource& resource : pending_) {
    if (resource.key.type != type) continue;
    view.Add(type, resource.key.id, resource.root, store_.extractor);
  }
  STRATA_ASSIGN_OR_RETURN(const auto numbers,
                          store_.find(view, url.type, url.parameters, kMatches));

  // What the transaction changes is judged by what it will be.
  std::set<std::string> pending_ids;
  for (const PendingResource& resource : pending_) {
    if (resource.key.type == type) pending_ids.insert(resource.key.id);
  }
  std::set<std::string> ids;
  STRATA_RETURN_IF_ERROR(view.ReadResources(
      numbers, /*with_json=*/false, [&](std::size_t, const layout::StoredResource& resource) {
        if (resource.header == nullptr) return OkStatus();
        const std::string& id = resource.header->id;
        if (view.IsPending(resource.n) || !pending_ids.contains(id)) ids.insert(id);
        return OkStatus();
      }));
  if (ids.size() == 1) return url.type + "/" + *ids.begin();
  return ids.empty() ? store::Fault(Code::kFailedPrecondition, "not-found",
                                    "a conditional reference matches no resource")
                     : store::Fault(Code::kFailedPrecondition, "multiple-matches",
                                    "a conditional reference matches more than one resource");
}

}  // namespace strata::fhir::bundle
