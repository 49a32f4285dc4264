#include "plugins/data_fhir/service/searcher.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/search/search.h"
#include "plugins/data_fhir/service/presentation.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/hosting_view.h"
#include "plugins/data_fhir/store/sweep.h"

namespace strata::fhir::service {
namespace {

using data::v1::SearchRequest;
using data::v1::SearchResponse;

// A message with this much text is sent.
constexpr std::size_t kMessageBytes = std::size_t{512} << 10;

// A token goes on with the search that it was made for.
std::string Purpose(const SearchRequest& request) {
  SearchRequest search = request;
  search.clear_page_token();
  search.clear_handling();
  search.clear_base_url();
  return "search " + search.SerializeAsString();
}

// The moment of a search, and where its page begins.
struct Place {
  std::optional<std::uint64_t> as_of;  // Nothing: that of what is read first.
  std::string position;
};

Result<Place> PlaceOf(store::Store& store, const Context& cx, const SearchRequest& request) {
  Place place;
  if (request.page_token().empty()) return place;
  STRATA_ASSIGN_OR_RETURN(place.position,
                          store.tokens.Open(cx, Purpose(request), request.page_token()));
  STRATA_ASSIGN_OR_RETURN(place.as_of, search::MomentOf(place.position));
  return place;
}

// Sends the resources of a page, in messages of bounded size.
class PageWriter {
 public:
  PageWriter(store::HostingView& view, const subset::Subset& subset,
             FunctionRef<bool(SearchResponse&)> visit)
      : view_(view), subset_(subset), visit_(visit) {}

  Status Add(const search::Numbers& numbers, data::v1::SearchEntry::Mode mode) {
    return view_.ReadResources(
        numbers, /*with_json=*/true,
        [&](std::size_t, const layout::StoredResource& resource) -> Status {
          if (stopped_ || resource.header == nullptr) return {};
          auto* entry = message_.add_entries();
          entry->set_mode(mode);
          auto* out = entry->mutable_resource();
          out->set_type(std::string(layout::TypeNameOf(resource.header->type)));
          out->set_id(resource.header->id);
          out->set_version_id(std::to_string(resource.header->version_id));
          out->set_last_updated_us(resource.header->last_updated_us);
          out->set_change(static_cast<data::v1::Change>(resource.header->change));
          const auto role = mode == data::v1::SearchEntry::MODE_MATCH ? subset::Role::kMatch
                                                                      : subset::Role::kInclude;
          STRATA_ASSIGN_OR_RETURN(*out->mutable_json(), Presented(resource.json, subset_, role));
          bytes_ += out->json().size();
          if (bytes_ >= kMessageBytes) Flush();
          return {};
        });
  }

  // The rest, with what belongs into the last message.
  void Finish(search::Page& page, std::string next, std::string previous) {
    message_.set_next_page_token(std::move(next));
    message_.set_previous_page_token(std::move(previous));
    if (page.total) message_.set_total(*page.total);
    *message_.mutable_used() = std::move(page.used);
    *message_.mutable_outcome() = std::move(page.warnings);
    Flush();
  }

 private:
  void Flush() {
    if (!stopped_) stopped_ = !visit_(message_);
    message_.Clear();
    bytes_ = 0;
  }

  store::HostingView& view_;
  const subset::Subset& subset_;
  FunctionRef<bool(SearchResponse&)> visit_;
  SearchResponse message_;
  std::size_t bytes_ = 0;
  bool stopped_ = false;
};

Result<std::string> Seal(store::Store& store, const Context& cx, const SearchRequest& request,
                         const std::string& position) {
  if (position.empty()) return std::string();
  return store.tokens.Seal(cx, Purpose(request), position);
}

}  // namespace

// Parameters that no expression defines have no meaning in the standard (Patient.age) or, but for
// three, none here (_query).
bool IsSearchable(const model::SearchParameter& parameter) {
  return !parameter.expression.empty() || parameter.code == "_text" ||
         parameter.code == "_content" || parameter.code == "_filter";
}

Result<std::vector<layout::ResourceNumber>> FindMatches(layout::View& view, std::string_view type,
                                                        const store::Parameters& parameters,
                                                        std::size_t limit, std::int64_t now_us) {
  const std::vector<data::v1::Parameter> list(parameters.begin(), parameters.end());
  return search::Find(view, type, list, limit, now_us);
}

Status Search(store::Store& store, const Context& cx, const SearchRequest& request,
              FunctionRef<bool(SearchResponse&)> visit) {
  STRATA_ASSIGN_OR_RETURN(const Place place, PlaceOf(store, cx, request));
  store::HostingView view(store.records, cx, place.as_of);
  STRATA_ASSIGN_OR_RETURN(
      search::Page page,
      search::Execute(view, request, {.now_us = store.now_us(), .position = place.position}));
  STRATA_ASSIGN_OR_RETURN(std::string next, Seal(store, cx, request, page.next));
  STRATA_ASSIGN_OR_RETURN(std::string previous, Seal(store, cx, request, page.previous));
  if (place.as_of) STRATA_RETURN_IF_ERROR(store::CheckMoment(store.hosting, cx, *place.as_of));
  PageWriter writer(view, page.subset, visit);
  STRATA_RETURN_IF_ERROR(writer.Add(page.matches, data::v1::SearchEntry::MODE_MATCH));
  STRATA_RETURN_IF_ERROR(writer.Add(page.included, data::v1::SearchEntry::MODE_INCLUDE));
  writer.Finish(page, std::move(next), std::move(previous));
  return {};
}

Status SearchAll(store::Store& store, const Context& cx, const SearchRequest& request,
                 SearchResponse* response) {
  return Search(store, cx, request, [&](SearchResponse& message) {
    response->MergeFrom(message);
    return true;
  });
}

Status Explain(store::Store& store, const Context& cx, const SearchRequest& request,
               data::v1::ExplainResponse* response) {
  STRATA_ASSIGN_OR_RETURN(const Place place, PlaceOf(store, cx, request));
  store::HostingView view(store.records, cx, place.as_of);
  STRATA_ASSIGN_OR_RETURN(
      *response,
      search::Explain(view, request, {.now_us = store.now_us(), .position = place.position}));
  return {};
}

}  // namespace strata::fhir::service
