#include "plugins/data_fhir/bundle/prepare.h"

#include <string>
#include <utility>

#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/patched.h"
#include "plugins/data_fhir/store/preconditions.h"

namespace strata::fhir::bundle {
namespace {

Status CheckPreconditions(const Entry& entry, const store::Current& current) {
  STRATA_RETURN_IF_ERROR(store::CheckIfMatch(current, entry.if_match));
  return entry.if_none_match_any ? store::CheckIfNoneMatchAny(current) : OkStatus();
}

Prepared Finish(store::Write write, std::uint32_t status) {
  Prepared prepared;
  prepared.status = status;
  FillHeader(write.key, write.version_id, write.last_updated_us, write.change, &prepared.resource);
  prepared.write = std::move(write);
  return prepared;
}

}  // namespace

void FillHeader(const store::ResourceKey& key, layout::VersionId version_id,
                std::int64_t last_updated_us, layout::Change change, data::v1::Resource* resource) {
  resource->set_type(std::string(key.type_name()));
  resource->set_id(key.id);
  resource->set_version_id(std::to_string(version_id));
  resource->set_last_updated_us(last_updated_us);
  resource->set_change(static_cast<data::v1::Change>(change));
}

Result<Prepared> PrepareDelete(store::Store& store, const Entry& entry, store::ResourceKey key,
                               store::Current current) {
  STRATA_RETURN_IF_ERROR(store::CheckIfMatch(current, entry.if_match));
  if (!current.exists()) {
    Prepared prepared;
    prepared.status = kStatusNoContent;
    return prepared;
  }
  const store::NextVersion next = store::NextAfter(current, store.now_us());
  store::Write write;
  write.key = std::move(key);
  write.change = layout::Change::kDeleted;
  write.version_id = next.version_id;
  write.last_updated_us = next.last_updated_us;
  write.current = std::move(current);
  return Finish(std::move(write), kStatusNoContent);
}

Result<Prepared> PrepareWrite(store::Store& store, const Context& cx, const Entry& entry,
                              store::ResourceKey key, store::Current current,
                              const store::ClientResource& resource,
                              std::span<const store::Splice> splices) {
  STRATA_RETURN_IF_ERROR(CheckPreconditions(entry, current));
  const store::NextVersion next = store::NextAfter(current, store.now_us());
  store::Write write;
  if (current.exists()) {
    STRATA_ASSIGN_OR_RETURN(store::Version stored, store.records.Unpack(cx, current));
    const std::string same = store::ComposeStored(
        resource, splices, {key.id, stored.header.version_id, stored.header.last_updated_us});
    if (store::IsUnchanged(stored, same)) {
      Prepared prepared;
      prepared.status = kStatusOk;
      store::FillResource(stored, &prepared.resource);
      return prepared;
    }
    write.current_json = std::move(stored.json);
  }
  write.json =
      store::ComposeStored(resource, splices, {key.id, next.version_id, next.last_updated_us});
  write.key = std::move(key);
  write.change = next.change;
  write.version_id = next.version_id;
  write.last_updated_us = next.last_updated_us;
  write.current = std::move(current);
  const bool created = next.change == layout::Change::kCreated;
  return Finish(std::move(write), created ? kStatusCreated : kStatusOk);
}

Result<json::Document> PreparePatch(store::Store& store, const Context& cx, const Entry& entry,
                                    const store::ResourceKey& key, const store::Current& current) {
  STRATA_RETURN_IF_ERROR(CheckPreconditions(entry, current));
  if (!current.known()) return store::NoSuchResource(key.type_name(), key.id);
  if (current.deleted()) return store::DeletedResource(key.type_name(), key.id);
  STRATA_ASSIGN_OR_RETURN(const store::Version stored, store.records.Unpack(cx, current));
  return store::Patched(stored, entry.patch_format, entry.patch);
}

}  // namespace strata::fhir::bundle
