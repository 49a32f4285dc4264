#include "plugins/data_fhir/bundle/pending_search.h"

namespace strata::fhir::bundle {
namespace {

// A stored resource and its new version count as one, so "more than one" needs some more of them.
constexpr std::size_t kMatches = 4;

}  // namespace

Status PendingSearch::Prepare(layout::TypeNumber type) {
  if (!view_) {
    STRATA_ASSIGN_OR_RETURN(const std::uint64_t latest, store_.hosting.LatestVersion(cx_));
    stored_ = std::make_unique<store::HostingView>(store_.records, cx_, latest);
    view_ = std::make_unique<OverlayView>(*stored_);
  }
  const std::vector<PendingResource>& pending = pending_[type];
  for (std::size_t& at = shown_[type]; at < pending.size(); ++at) {
    view_->Add(type, pending[at].key.id, pending[at].root, *stored_->extractor());
    pending_ids_[type].insert(pending[at].key.id);
  }
  return {};
}

Result<std::set<PendingSearch::Match>> PendingSearch::Find(std::string_view type,
                                                           const store::Parameters& parameters) {
  const layout::TypeNumber number = layout::TypeNumberOf(type);
  STRATA_RETURN_IF_ERROR(Prepare(number));
  STRATA_ASSIGN_OR_RETURN(const auto numbers, store_.find(*view_, type, parameters, kMatches));
  std::set<Match> matches;
  STRATA_RETURN_IF_ERROR(view_->ReadResources(
      numbers, /*with_json=*/false, [&](std::size_t, const layout::StoredResource& resource) {
        if (resource.header == nullptr) return OkStatus();
        const std::string& id = resource.header->id;
        const bool pending = view_->IsPending(resource.n);
        if (pending || !pending_ids_[number].contains(id)) matches.insert({id, pending});
        return OkStatus();
      }));
  return matches;
}

}  // namespace strata::fhir::bundle
