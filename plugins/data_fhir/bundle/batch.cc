#include "plugins/data_fhir/bundle/batch.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "plugins/data_fhir/bundle/interactions.h"
#include "plugins/data_fhir/store/change.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/writer.h"

namespace strata::fhir::bundle {
namespace {

using store::Fault;
using store::ResourceKey;

// What one commit of a batch takes together.
constexpr std::size_t kMaxGroup = 256;
constexpr std::size_t kMaxGroupBytes = std::size_t{4} << 20;

std::vector<std::size_t> ExecutionOrder(const Bundle& bundle) {
  std::vector<std::size_t> order(bundle.entries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return bundle.entries[a].method < bundle.entries[b].method;
  });
  return order;
}

std::string KeyText(const ResourceKey& key) {
  return std::string(key.type_name()).append("/").append(key.id);
}

// The name by which the single interaction would know the request again.
store::RequestName NameOfEntry(const Entry& entry, const std::string& request_id) {
  std::uint64_t fingerprint = 0;
  switch (entry.method) {
    case Method::kDelete:
      fingerprint = store::NameOf(DeleteRequestOf(entry, request_id)).fingerprint;
      break;
    case Method::kPut:
      fingerprint = store::NameOf(UpdateRequestOf(entry, request_id)).fingerprint;
      break;
    case Method::kPatch:
      fingerprint = store::NameOf(PatchRequestOf(entry, request_id)).fingerprint;
      break;
    default:
      fingerprint = store::NameOf(CreateRequestOf(entry, request_id)).fingerprint;
  }
  return {request_id, fingerprint};
}

void FillWrite(data::v1::WriteResponse& written, data::v1::TransactionEntry* response) {
  response->set_status(written.created() ? kStatusCreated : kStatusOk);
  *response->mutable_resource() = std::move(*written.mutable_resource());
}

void SetFault(const Status& status, data::v1::TransactionEntry* response) {
  response->clear_resource();
  response->set_status(store::HttpStatusOf(status));
  *response->mutable_outcome() = store::OutcomeOf(status);
}

}  // namespace

Batch::Batch(store::Store& store, const Context& cx, const Bundle& bundle,
             const Environment& environment)
    : store_(store),
      cx_(cx),
      bundle_(bundle),
      environment_(environment),
      responses_(bundle.entries.size()) {}

Status Batch::Run() {
  for (const std::size_t i : ExecutionOrder(bundle_)) {
    if (cx_.Cancelled()) return Cancelled("the caller is gone");
    const Entry& entry = bundle_.entries[i];
    responses_[i].set_method(std::string(MethodName(entry.method)));
    const Status& fault = bundle_.faults[i];  // names the entry already
    if (fault.ok()) {
      Answer(entry, RunEntry(entry));
    } else {
      SetFault(fault, &responses_[i]);
    }
  }
  Flush();
  return {};
}

void Batch::Answer(const Entry& entry, const Status& status) {
  if (!status.ok()) SetFault(store::Within(status, entry.path()), &ResponseOf(entry));
}

Status Batch::RunEntry(const Entry& entry) {
  if (entry.reads()) {
    Flush();
    return ReadEntry(store_, cx_, entry, environment_, &ResponseOf(entry));
  }
  STRATA_ASSIGN_OR_RETURN(const Joined joined, Join(entry));
  if (joined == Joined::kJoined && (group_.size() >= kMaxGroup || group_bytes_ > kMaxGroupBytes)) {
    Flush();
  }
  return {};
}

Result<Batch::Joined> Batch::Join(const Entry& entry) {
  Member member;
  member.entry = &entry;
  if (!environment_.name.id.empty()) {
    // Each change has a request_id of its own, so that a repeated batch repeats none of them.
    member.request_id = std::string(environment_.name.id) + "/" + std::to_string(entry.index);
    STRATA_ASSIGN_OR_RETURN(const bool done, WasDoneBefore(member));
    if (done) {
      Flush();
      RunAlone(entry);
      return Joined::kAnswered;
    }
  }
  bool answered = false;
  STRATA_RETURN_IF_ERROR(FindTarget(entry, &member, &answered));
  if (answered) return Joined::kAnswered;
  if (group_keys_.contains(KeyText(member.key))) Flush();
  group_keys_.insert(KeyText(member.key));
  if (member.guard) group_guards_.insert(member.guard->key());
  group_bytes_ += entry.body ? entry.body.end_offset() - entry.body.begin_offset() : 0;
  if (search_ && entry.writes()) search_->Add({member.key, entry.resource.root});
  group_.push_back(std::move(member));
  return Joined::kJoined;
}

Result<bool> Batch::WasDoneBefore(const Member& member) {
  STRATA_ASSIGN_OR_RETURN(const store::HostedRow row,
                          store_.hosting.GetOne(cx_, layout::RequestKey(member.request_id)));
  return row.version != 0;
}

Status Batch::FindTarget(const Entry& entry, Member* member, bool* answered) {
  if (entry.creates()) {
    if (!entry.url.id.empty()) {
      return Fault(Code::kInvalidArgument, "value", "POST goes to a type, not to a resource",
                   "request.url");
    }
    member->key = {layout::TypeNumberOf(entry.url.type), store::NewId()};
    member->fresh = true;
    return entry.conditional_create ? FindConditional(entry, member, answered) : OkStatus();
  }
  if (entry.url.id.empty()) return FindConditional(entry, member, answered);
  if (entry.method == Method::kPut) {
    STRATA_RETURN_IF_ERROR(store::CheckIdOfBody(entry.url.type, entry.url.id, entry.resource.id));
  }
  STRATA_ASSIGN_OR_RETURN(member->key, store::CheckKey(entry.url.type, entry.url.id));
  return {};
}

Status Batch::FindConditional(const Entry& entry, Member* member, bool* answered) {
  const bool creates = entry.creates();
  STRATA_ASSIGN_OR_RETURN(
      auto match, Match(entry, creates ? entry.if_none_exist : entry.url.parameters, member));
  if (match) {
    member->guard.reset();
    *answered = creates;
    if (creates) return AnswerExisting(*match, entry);
    if (entry.method == Method::kPut && !entry.resource.id.empty()) {
      STRATA_RETURN_IF_ERROR(store::CheckIdOfBody(entry.url.type, match->id, entry.resource.id));
    }
    member->key = *std::move(match);
    return {};
  }
  if (entry.method == Method::kPatch) {
    return Fault(Code::kNotFound, "not-found", "no resource meets the condition", "request.url");
  }
  if (entry.method == Method::kDelete) {
    *answered = true;
    ResponseOf(entry).set_status(kStatusNoContent);
    return {};
  }
  if (creates) return {};
  member->fresh = entry.resource.id.empty();
  STRATA_ASSIGN_OR_RETURN(
      member->key, store::CheckKey(entry.url.type, member->fresh ? store::NewId()
                                                                 : std::string(entry.resource.id)));
  return {};
}

Result<std::optional<ResourceKey>> Batch::Match(const Entry& entry,
                                                const store::Parameters& condition,
                                                Member* member) {
  if (condition.empty()) {
    return Fault(Code::kInvalidArgument, "required",
                 "the entry names neither an id nor a search parameter", "request.url");
  }
  if (entry.writes()) {
    STRATA_ASSIGN_OR_RETURN(member->guard,
                            store::ConditionGuard::Read(store_, cx_, entry.url.type, condition));
    if (group_guards_.contains(member->guard->key())) {
      Flush();
      return Match(entry, condition, member);
    }
  }
  if (!search_) {
    search_ = std::make_unique<PendingSearch>(store_, cx_);
    for (const Member& other : group_) {
      if (other.entry->writes()) search_->Add({other.key, other.entry->resource.root});
    }
  }
  STRATA_ASSIGN_OR_RETURN(const auto matches, search_->Find(entry.url.type, condition));
  // What waits may be what is meant: a patch or a deletion may also change the answer.
  const bool depends = std::any_of(matches.begin(), matches.end(), [&](const auto& match) {
    return match.pending || group_keys_.contains(entry.url.type + "/" + match.id);
  });
  if (depends) {
    Flush();
    return Match(entry, condition, member);
  }
  if (matches.size() > 1) {
    return Fault(Code::kFailedPrecondition, "multiple-matches",
                 "the condition matches more than one resource");
  }
  if (matches.empty()) return std::optional<ResourceKey>();
  return std::optional<ResourceKey>({layout::TypeNumberOf(entry.url.type), matches.begin()->id});
}

Status Batch::AnswerExisting(const ResourceKey& key, const Entry& entry) {
  data::v1::WriteResponse existing;
  STRATA_RETURN_IF_ERROR(store::AnswerExisting(store_, cx_, key, &existing));
  FillWrite(existing, &ResponseOf(entry));
  return {};
}

void Batch::Flush() {
  std::vector<Member> group = std::exchange(group_, {});
  group_keys_.clear();
  group_guards_.clear();
  group_bytes_ = 0;
  search_.reset();
  if (group.empty()) return;

  std::vector<ResourceKey> keys;
  std::vector<Member*> old;
  for (Member& member : group) {
    if (member.fresh) continue;
    keys.push_back(member.key);
    old.push_back(&member);
  }
  auto currents = store_.records.Load(cx_, keys);
  std::vector<Member*> ready;
  std::size_t next = 0;
  for (Member& member : group) {
    store::Current current;
    if (!member.fresh && currents.ok()) current = std::move((*currents)[next++]);
    const Status status =
        member.fresh || currents.ok() ? Prepare(member, std::move(current)) : currents.status();
    Answer(*member.entry, status);
    if (status.ok()) ready.push_back(&member);
  }
  const Status committed = Commit(ready);
  for (Member* member : ready) {
    if (committed.ok()) continue;
    // Lost against another writer, or one of them cannot be: each for itself.
    if (committed.code() == Code::kAborted || committed.code() == Code::kInvalidArgument) {
      RunAlone(*member->entry);
    } else {
      Answer(*member->entry, committed);
    }
  }
}

Status Batch::Prepare(Member& member, store::Current current) {
  const Entry& entry = *member.entry;
  if (entry.method == Method::kDelete) {
    STRATA_ASSIGN_OR_RETURN(member.prepared,
                            PrepareDelete(store_, entry, member.key, std::move(current)));
    return {};
  }
  if (entry.method != Method::kPatch) {
    STRATA_ASSIGN_OR_RETURN(member.prepared, PrepareWrite(store_, cx_, entry, member.key,
                                                          std::move(current), entry.resource, {}));
    return {};
  }
  STRATA_ASSIGN_OR_RETURN(const json::Document patched,
                          PreparePatch(store_, cx_, entry, member.key, current));
  STRATA_ASSIGN_OR_RETURN(const store::ClientResource resource,
                          store::CheckResource(patched.root(), entry.url.type));
  STRATA_ASSIGN_OR_RETURN(member.prepared, PrepareWrite(store_, cx_, entry, member.key,
                                                        std::move(current), resource, {}));
  return {};
}

Status Batch::Commit(std::vector<Member*>& members) {
  std::vector<store::Write> writes;
  std::vector<Member*> writers;
  for (Member* member : members) {
    ResponseOf(*member->entry).set_status(member->prepared.status);
    *ResponseOf(*member->entry).mutable_resource() = std::move(member->prepared.resource);
    if (!member->prepared.write) continue;
    writes.push_back(*std::move(member->prepared.write));
    writers.push_back(member);
  }
  if (writes.empty()) return {};
  store::RowChanges rows;
  store::WriteSet set(store_);
  STRATA_RETURN_IF_ERROR(set.Build(cx_, writes, &rows));
  for (std::size_t i = 0; i < writers.size(); ++i) {
    Member& member = *writers[i];
    if (member.guard) member.guard->AddTo(&rows);
    if (member.request_id.empty()) continue;
    const store::RequestName name = NameOfEntry(*member.entry, member.request_id);
    const auto status = static_cast<std::uint16_t>(member.prepared.status);
    STRATA_RETURN_IF_ERROR(store::Remember(
        store_, cx_, name, {{status, writes[i].current.n, writes[i].version_id}}, &rows));
  }
  STRATA_RETURN_IF_ERROR(set.Commit(cx_, std::move(rows)));
  for (std::size_t i = 0; i < writers.size(); ++i) {
    ResponseOf(*writers[i]->entry).mutable_resource()->set_json(std::move(writes[i].json));
  }
  return {};
}

void Batch::RunAlone(const Entry& entry) {
  data::v1::TransactionEntry& response = ResponseOf(entry);
  response.clear_resource();
  Answer(entry, RunInteraction(entry, &response));
}

Status Batch::RunInteraction(const Entry& entry, data::v1::TransactionEntry* response) {
  std::string request_id;
  if (!environment_.name.id.empty()) {
    request_id = std::string(environment_.name.id) + "/" + std::to_string(entry.index);
  }
  if (entry.method == Method::kDelete) {
    data::v1::DeleteResponse deleted;
    STRATA_RETURN_IF_ERROR(
        store::Delete(store_, cx_, DeleteRequestOf(entry, request_id), &deleted));
    response->set_status(kStatusNoContent);
    return {};
  }
  data::v1::WriteResponse written;
  if (entry.method == Method::kPut) {
    STRATA_RETURN_IF_ERROR(
        store::Update(store_, cx_, UpdateRequestOf(entry, request_id), &written));
  } else if (entry.method == Method::kPatch) {
    STRATA_RETURN_IF_ERROR(store::Patch(store_, cx_, PatchRequestOf(entry, request_id), &written));
  } else {
    STRATA_RETURN_IF_ERROR(
        store::Create(store_, cx_, CreateRequestOf(entry, request_id), &written));
  }
  FillWrite(written, response);
  return {};
}

}  // namespace strata::fhir::bundle
