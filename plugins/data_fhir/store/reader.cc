#include "plugins/data_fhir/store/reader.h"

#include <utility>

#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/stored_json.h"

namespace strata::fhir::store {
namespace {

// HTTP dates have whole seconds: a resource changed within the client's second is not newer.
constexpr std::int64_t kSecond = 1'000'000;

Result<Version> ReadStored(Store& store, const Context& cx, const ResourceKey& key,
                           const std::string& version_id) {
  STRATA_ASSIGN_OR_RETURN(const Current current, store.records.LoadOne(cx, key));
  if (!current.known()) return NoSuchResource(key.type_name(), key.id);
  if (version_id.empty()) {
    if (current.deleted()) return DeletedResource(key.type_name(), key.id);
    return store.records.Unpack(cx, current);
  }
  STRATA_ASSIGN_OR_RETURN(auto version,
                          store.records.ReadVersion(cx, current, ParseVersionId(version_id)));
  if (!version) {
    return Fault(Code::kNotFound, "not-found",
                 std::string("resource ").append(key.type_name()).append("/").append(key.id) +
                     " has no such version");
  }
  if (version->header.change == layout::Change::kDeleted) {
    return DeletedResource(key.type_name(), key.id);
  }
  return std::move(*version);
}

bool IsNotModified(const data::v1::ReadRequest& request, const data::v1::Resource& resource) {
  // RFC 9110 section 13.2.2: If-None-Match counts, If-Modified-Since only without it.
  if (!request.if_none_match_version_id().empty()) {
    return request.if_none_match_version_id() == resource.version_id();
  }
  return request.if_modified_since_us() != 0 &&
         resource.last_updated_us() / kSecond <= request.if_modified_since_us() / kSecond;
}

}  // namespace

Status Read(Store& store, const Context& cx, const data::v1::ReadRequest& request,
            data::v1::ReadResponse* response) {
  STRATA_ASSIGN_OR_RETURN(const ResourceKey key, CheckKey(request.type(), request.id()));
  STRATA_ASSIGN_OR_RETURN(const Version version, ReadStored(store, cx, key, request.version_id()));
  FillResource(version, response->mutable_resource());
  if (IsNotModified(request, response->resource())) {
    response->set_not_modified(true);
    response->mutable_resource()->clear_json();
  }
  return {};
}

}  // namespace strata::fhir::store
