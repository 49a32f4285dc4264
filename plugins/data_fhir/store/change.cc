#include "plugins/data_fhir/store/change.h"

#include <utility>

namespace strata::fhir::store {
namespace {

using data::v1::WriteResponse;

void FillWritten(const Write& write, data::v1::Resource* resource) {
  resource->set_type(std::string(write.key.type_name()));
  resource->set_id(write.key.id);
  resource->set_version_id(std::to_string(write.version_id));
  resource->set_last_updated_us(write.last_updated_us);
  resource->set_change(static_cast<data::v1::Change>(write.change));
  resource->set_json(write.json);
}

}  // namespace

Result<bool> Replay(Store& store, const Context& cx, const RequestName& name,
                    WriteResponse* response) {
  STRATA_ASSIGN_OR_RETURN(const auto items, Recall(store, cx, name));
  if (!items) return false;
  if (items->size() != 1) return Internal("a remembered change has no result");
  const Records::VersionKey key[] = {{items->front().n, items->front().version_id}};
  STRATA_ASSIGN_OR_RETURN(const auto versions, store.records.ReadVersions(cx, key, true));
  FillResource(versions.front(), response->mutable_resource());
  response->set_created(items->front().status == kStatusCreated);
  return true;
}

bool IsDone(Store& store, const Context& cx, const RequestName& name) {
  const auto items = Recall(store, cx, name);
  return items.ok() && items->has_value();
}

Status CommitChange(Store& store, const Context& cx, const RequestName& name, Change* change) {
  RowChanges rows;
  WriteSet set(store);
  STRATA_RETURN_IF_ERROR(set.Build(cx, change->writes, &rows));
  if (change->guard) change->guard->AddTo(&rows);
  std::vector<RememberedItem> items;
  for (const Write& write : change->writes) {
    items.push_back({change->status, write.current.n, write.version_id});
  }
  STRATA_RETURN_IF_ERROR(Remember(store, cx, name, items, &rows));
  return set.Commit(cx, std::move(rows));
}

Write MakeWrite(Store& store, ResourceKey key, Current current, const ClientResource& resource) {
  const NextVersion next = NextAfter(current, store.now_us());
  Write write;
  write.json = ComposeStored(resource, {}, {key.id, next.version_id, next.last_updated_us});
  write.key = std::move(key);
  write.current = std::move(current);
  write.change = next.change;
  write.version_id = next.version_id;
  write.last_updated_us = next.last_updated_us;
  return write;
}

Status StoreOne(Store& store, const Context& cx, const RequestName& name, Write write,
                std::optional<ConditionGuard> guard, WriteResponse* response) {
  Change change;
  const bool created = write.change == layout::Change::kCreated;
  change.status = created ? kStatusCreated : kStatusOk;
  change.guard = std::move(guard);
  change.writes.push_back(std::move(write));
  STRATA_RETURN_IF_ERROR(CommitChange(store, cx, name, &change));
  FillWritten(change.writes.front(), response->mutable_resource());
  response->set_created(created);
  return {};
}

Status AnswerExisting(Store& store, const Context& cx, const ResourceKey& key,
                      WriteResponse* response) {
  STRATA_ASSIGN_OR_RETURN(const Current current, store.records.LoadOne(cx, key));
  STRATA_ASSIGN_OR_RETURN(const Version version, store.records.Unpack(cx, current));
  FillResource(version, response->mutable_resource());
  return {};
}

}  // namespace strata::fhir::store
