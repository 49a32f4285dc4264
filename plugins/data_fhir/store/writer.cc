#include "plugins/data_fhir/store/writer.h"

#include <optional>
#include <utility>
#include <vector>

#include "plugins/data_fhir/store/change.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/hosting_view.h"
#include "plugins/data_fhir/store/patched.h"
#include "plugins/data_fhir/store/preconditions.h"
#include "plugins/data_fhir/store/request_log.h"
#include "plugins/data_fhir/store/stored_json.h"
#include "plugins/data_fhir/store/write_set.h"

namespace strata::fhir::store {
namespace {

using data::v1::DeleteResponse;
using data::v1::WriteResponse;

// Most resources that one conditional delete may remove.
constexpr std::size_t kMaxDeletes = 10'000;

template <typename Request>
const Parameters& ConditionOf(const Request& request) {
  return request.condition();
}

Result<json::Document> ParseBody(std::string_view text) {
  Result<json::Document> document =
      json::Document::Parse(WithoutByteOrderMark(text), {.max_bytes = kMaxResourceBytes});
  if (!document.ok()) return JsonFault(document.status());
  return document;
}

// One update, once its parts are known.
class Updater {
 public:
  Updater(Store& store, const Context& cx, const data::v1::UpdateRequest& request,
          const ClientResource& resource)
      : store_(store), cx_(cx), request_(request), resource_(resource), name_(NameOf(request)) {}

  const RequestName& name() const { return name_; }

  Status Once(WriteResponse* response) {
    response->Clear();
    STRATA_ASSIGN_OR_RETURN(const bool replayed, Replay(store_, cx_, name_, response));
    if (replayed) return {};
    guard_.reset();
    STRATA_ASSIGN_OR_RETURN(ResourceKey key, Target());
    STRATA_ASSIGN_OR_RETURN(Current current, store_.records.LoadOne(cx_, key));
    STRATA_RETURN_IF_ERROR(CheckIfMatch(current, request_.if_match_version_id()));
    if (request_.if_none_match_any()) STRATA_RETURN_IF_ERROR(CheckIfNoneMatchAny(current));

    std::optional<std::string> current_json;
    if (current.exists()) {
      STRATA_ASSIGN_OR_RETURN(Version stored, store_.records.Unpack(cx_, current));
      const std::string same = ComposeStored(
          resource_, {}, {key.id, stored.header.version_id, stored.header.last_updated_us});
      if (IsUnchanged(stored, same)) {
        FillResource(stored, response->mutable_resource());
        response->set_unchanged(true);
        return {};
      }
      current_json = std::move(stored.json);
    }
    Write write = MakeWrite(store_, std::move(key), std::move(current), resource_);
    write.current_json = std::move(current_json);
    return StoreOne(store_, cx_, name_, std::move(write), std::move(guard_), response);
  }

 private:
  Result<ResourceKey> Target() {
    if (!request_.conditional()) {
      STRATA_RETURN_IF_ERROR(CheckIdOfBody(request_.type(), request_.id(), resource_.id));
      return CheckKey(request_.type(), request_.id());
    }
    STRATA_ASSIGN_OR_RETURN(
        guard_, ConditionGuard::Read(store_, cx_, request_.type(), ConditionOf(request_)));
    STRATA_ASSIGN_OR_RETURN(auto match,
                            FindOne(store_, cx_, request_.type(), ConditionOf(request_)));
    if (!match) {
      return CheckKey(request_.type(), resource_.id.empty() ? NewId() : std::string(resource_.id));
    }
    guard_.reset();
    if (!resource_.id.empty()) {
      STRATA_RETURN_IF_ERROR(CheckIdOfBody(request_.type(), match->id, resource_.id));
    }
    return std::move(*match);
  }

  Store& store_;
  const Context& cx_;
  const data::v1::UpdateRequest& request_;
  const ClientResource& resource_;
  const RequestName name_;
  std::optional<ConditionGuard> guard_;
};

// One patch: an update whose resource follows from the stored one.
class Patcher {
 public:
  Patcher(Store& store, const Context& cx, const data::v1::PatchRequest& request)
      : store_(store), cx_(cx), request_(request), name_(NameOf(request)) {}

  const RequestName& name() const { return name_; }

  Status Once(WriteResponse* response) {
    response->Clear();
    STRATA_ASSIGN_OR_RETURN(const bool replayed, Replay(store_, cx_, name_, response));
    if (replayed) return {};
    STRATA_ASSIGN_OR_RETURN(ResourceKey key, Target());
    STRATA_ASSIGN_OR_RETURN(Current current, store_.records.LoadOne(cx_, key));
    STRATA_RETURN_IF_ERROR(CheckIfMatch(current, request_.if_match_version_id()));
    if (!current.known()) return NoSuchResource(request_.type(), key.id);
    if (current.deleted()) return DeletedResource(request_.type(), key.id);
    STRATA_ASSIGN_OR_RETURN(Version stored, store_.records.Unpack(cx_, current));
    STRATA_ASSIGN_OR_RETURN(const json::Document patched,
                            Patched(stored, request_.format(), request_.patch()));
    STRATA_ASSIGN_OR_RETURN(const ClientResource resource,
                            CheckResource(patched.root(), request_.type()));
    const std::string same = ComposeStored(
        resource, {}, {key.id, stored.header.version_id, stored.header.last_updated_us});
    if (IsUnchanged(stored, same)) {
      FillResource(stored, response->mutable_resource());
      response->set_unchanged(true);
      return {};
    }
    Write write = MakeWrite(store_, std::move(key), std::move(current), resource);
    write.current_json = std::move(stored.json);
    return StoreOne(store_, cx_, name_, std::move(write), std::nullopt, response);
  }

 private:
  Result<ResourceKey> Target() {
    if (!request_.conditional()) return CheckKey(request_.type(), request_.id());
    STRATA_ASSIGN_OR_RETURN(auto match,
                            FindOne(store_, cx_, request_.type(), ConditionOf(request_)));
    if (!match) return Fault(Code::kNotFound, "not-found", "no resource meets the condition");
    return std::move(*match);
  }

  Store& store_;
  const Context& cx_;
  const data::v1::PatchRequest& request_;
  const RequestName name_;
};

class Deleter {
 public:
  Deleter(Store& store, const Context& cx, const data::v1::DeleteRequest& request)
      : store_(store), cx_(cx), request_(request), name_(NameOf(request)) {}

  const RequestName& name() const { return name_; }

  Status Once(DeleteResponse* response) {
    response->Clear();
    STRATA_ASSIGN_OR_RETURN(const bool replayed, ReplayDelete(response));
    if (replayed) return {};
    STRATA_ASSIGN_OR_RETURN(const auto keys, Targets());
    STRATA_ASSIGN_OR_RETURN(auto currents, store_.records.Load(cx_, keys));
    Change change;
    change.status = kStatusNoContent;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      STRATA_RETURN_IF_ERROR(CheckIfMatch(currents[i], request_.if_match_version_id()));
      if (!currents[i].exists()) {
        if (keys.size() == 1) Fill(currents[i].header, response);
        continue;
      }
      change.writes.push_back(Deletion(keys[i], std::move(currents[i])));
    }
    if (change.writes.empty()) return {};
    STRATA_RETURN_IF_ERROR(CommitChange(store_, cx_, name_, &change));
    response->set_deleted(change.writes.size());
    if (change.writes.size() == 1) {
      response->set_version_id(std::to_string(change.writes.front().version_id));
      response->set_last_updated_us(change.writes.front().last_updated_us);
    }
    return {};
  }

 private:
  static void Fill(const layout::RowHeader& header, DeleteResponse* response) {
    if (header.version_id == 0) return;
    response->set_version_id(std::to_string(header.version_id));
    response->set_last_updated_us(header.last_updated_us);
  }

  Result<bool> ReplayDelete(DeleteResponse* response) {
    STRATA_ASSIGN_OR_RETURN(const auto items, Recall(store_, cx_, name_));
    if (!items) return false;
    response->set_deleted(items->size());
    if (items->size() != 1) return true;
    const Records::VersionKey key[] = {{items->front().n, items->front().version_id}};
    STRATA_ASSIGN_OR_RETURN(const auto versions, store_.records.ReadVersions(cx_, key, false));
    Fill(versions.front().header, response);
    return true;
  }

  Result<std::vector<ResourceKey>> Targets() {
    std::vector<ResourceKey> keys;
    if (!request_.conditional()) {
      STRATA_ASSIGN_OR_RETURN(ResourceKey key, CheckKey(request_.type(), request_.id()));
      keys.push_back(std::move(key));
    } else if (!request_.multiple()) {
      STRATA_ASSIGN_OR_RETURN(auto match,
                              FindOne(store_, cx_, request_.type(), ConditionOf(request_)));
      if (match) keys.push_back(std::move(*match));
    } else {
      STRATA_RETURN_IF_ERROR(FindAll(&keys));
    }
    return keys;
  }

  Status FindAll(std::vector<ResourceKey>* keys) {
    if (request_.condition().empty()) {
      return Fault(Code::kInvalidArgument, "required",
                   "a conditional delete needs at least one search parameter");
    }
    STRATA_ASSIGN_OR_RETURN(const std::uint64_t latest, store_.hosting.LatestVersion(cx_));
    HostingView view(store_.records, cx_, latest);
    STRATA_ASSIGN_OR_RETURN(
        const auto numbers,
        store_.find(view, request_.type(), ConditionOf(request_), kMaxDeletes + 1));
    if (numbers.size() > kMaxDeletes) {
      return Fault(Code::kFailedPrecondition, "too-costly",
                   "the condition matches more than 10,000 resources; narrow it");
    }
    return view.ReadResources(numbers, false,
                              [&](std::size_t, const layout::StoredResource& resource) {
                                keys->push_back({resource.header->type, resource.header->id});
                                return OkStatus();
                              });
  }

  Write Deletion(const ResourceKey& key, Current current) const {
    const NextVersion next = NextAfter(current, store_.now_us());
    Write write;
    write.key = key;
    write.change = layout::Change::kDeleted;
    write.version_id = next.version_id;
    write.last_updated_us = next.last_updated_us;
    write.current = std::move(current);
    return write;
  }

  Store& store_;
  const Context& cx_;
  const data::v1::DeleteRequest& request_;
  const RequestName name_;
};

}  // namespace

Status Create(Store& store, const Context& cx, const data::v1::CreateRequest& request,
              WriteResponse* response) {
  if (layout::TypeNumberOf(request.type()) == 0) return UnknownType(request.type());
  STRATA_ASSIGN_OR_RETURN(const json::Document document, ParseBody(request.json()));
  STRATA_ASSIGN_OR_RETURN(const ClientResource resource,
                          CheckResource(document.root(), request.type()));
  const RequestName name = NameOf(request);
  const Parameters& condition = request.if_none_exist();
  return Repeat(store, cx, name, [&]() -> Status {
    response->Clear();
    STRATA_ASSIGN_OR_RETURN(const bool replayed, Replay(store, cx, name, response));
    if (replayed) return {};
    std::optional<ConditionGuard> guard;
    if (request.conditional()) {
      STRATA_ASSIGN_OR_RETURN(guard, ConditionGuard::Read(store, cx, request.type(), condition));
      STRATA_ASSIGN_OR_RETURN(const auto match, FindOne(store, cx, request.type(), condition));
      if (match) return AnswerExisting(store, cx, *match, response);
    }
    ResourceKey key{layout::TypeNumberOf(request.type()), NewId()};
    Write write = MakeWrite(store, std::move(key), {}, resource);
    return StoreOne(store, cx, name, std::move(write), std::move(guard), response);
  });
}

Status Update(Store& store, const Context& cx, const data::v1::UpdateRequest& request,
              WriteResponse* response) {
  if (layout::TypeNumberOf(request.type()) == 0) return UnknownType(request.type());
  STRATA_ASSIGN_OR_RETURN(const json::Document document, ParseBody(request.json()));
  STRATA_ASSIGN_OR_RETURN(const ClientResource resource,
                          CheckResource(document.root(), request.type()));
  Updater updater(store, cx, request, resource);
  return Repeat(store, cx, updater.name(), [&] { return updater.Once(response); });
}

Status Patch(Store& store, const Context& cx, const data::v1::PatchRequest& request,
             WriteResponse* response) {
  if (layout::TypeNumberOf(request.type()) == 0) return UnknownType(request.type());
  Patcher patcher(store, cx, request);
  return Repeat(store, cx, patcher.name(), [&] { return patcher.Once(response); });
}

Status Delete(Store& store, const Context& cx, const data::v1::DeleteRequest& request,
              DeleteResponse* response) {
  if (layout::TypeNumberOf(request.type()) == 0) return UnknownType(request.type());
  Deleter deleter(store, cx, request);
  return Repeat(store, cx, deleter.name(), [&] { return deleter.Once(response); });
}

}  // namespace strata::fhir::store
