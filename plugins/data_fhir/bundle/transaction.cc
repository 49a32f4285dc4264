#include "plugins/data_fhir/bundle/transaction.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "plugins/data_fhir/bundle/prepare.h"
#include "plugins/data_fhir/store/change.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::bundle {
namespace {

using store::Fault;
using store::ResourceKey;

std::string ReferenceOf(const ResourceKey& key) {
  return std::string(key.type_name()).append("/").append(key.id);
}

}  // namespace

Transaction::Transaction(store::Store& store, const Context& cx, const Bundle& bundle,
                         const store::RequestName& name)
    : store_(store), cx_(cx), bundle_(bundle), name_(name), new_ids_(bundle.entries.size()) {
  for (const Entry& entry : bundle_.entries) {
    if (entry.writes()) new_ids_[entry.index] = store::NewId();
  }
}

Status Transaction::Run() {
  for (const Status& fault : bundle_.faults) STRATA_RETURN_IF_ERROR(fault);
  return store::Repeat(store_, cx_, name_, [this] { return Once(); });
}

Status Transaction::Once() {
  results_.assign(bundle_.entries.size(), {});
  plans_.clear();
  plans_.resize(bundle_.entries.size());
  guards_.clear();
  guard_keys_.clear();
  targets_ = {};
  writes_.clear();
  write_entries_.clear();
  STRATA_ASSIGN_OR_RETURN(const bool replayed, Replay());
  if (replayed) return {};
  for (const Entry& entry : bundle_.entries) {
    STRATA_RETURN_IF_ERROR(store::Within(PlanEntry(entry, &plans_[entry.index]), entry.path()));
  }
  STRATA_RETURN_IF_ERROR(RefuseDuplicates());
  STRATA_RETURN_IF_ERROR(LoadCurrents());
  STRATA_RETURN_IF_ERROR(ApplyPatches());
  STRATA_RETURN_IF_ERROR(MakeWrites());
  STRATA_RETURN_IF_ERROR(Commit());
  return FillExisting();
}

Result<bool> Transaction::Replay() {
  STRATA_ASSIGN_OR_RETURN(const auto items, store::Recall(store_, cx_, name_));
  if (!items) return false;
  if (items->size() != results_.size())
    return Internal("a remembered transaction has other entries");
  std::vector<store::Records::VersionKey> keys;
  std::vector<std::size_t> entries;
  for (std::size_t i = 0; i < items->size(); ++i) {
    results_[i].status = (*items)[i].status;
    if ((*items)[i].n == 0) continue;
    keys.push_back({(*items)[i].n, (*items)[i].version_id});
    entries.push_back(i);
  }
  STRATA_ASSIGN_OR_RETURN(const auto versions, store_.records.ReadVersions(cx_, keys, keep_texts_));
  for (std::size_t i = 0; i < versions.size(); ++i) {
    store::FillResource(versions[i], &results_[entries[i]].resource);
  }
  return true;
}

Status Transaction::PlanEntry(const Entry& entry, Plan* plan) {
  if (entry.reads()) return {};
  plan->resource = entry.resource;
  switch (entry.method) {
    case Method::kGet:
    case Method::kHead:
      return {};
    case Method::kPost:
      return PlanCreate(entry, plan);
    case Method::kPatch:
      plan->outcome = Outcome::kWrite;
      if (entry.url.id.empty()) return PlanConditional(entry, plan);
      break;
    case Method::kPut:
      plan->outcome = Outcome::kWrite;
      if (entry.url.id.empty()) return PlanConditional(entry, plan);
      STRATA_RETURN_IF_ERROR(store::CheckIdOfBody(entry.url.type, entry.url.id, entry.resource.id));
      break;
    case Method::kDelete:
      plan->outcome = Outcome::kDelete;
      if (entry.url.id.empty()) return PlanConditional(entry, plan);
      break;
  }
  STRATA_ASSIGN_OR_RETURN(plan->key, store::CheckKey(entry.url.type, entry.url.id));
  return {};
}

Status Transaction::PlanCreate(const Entry& entry, Plan* plan) {
  if (!entry.url.id.empty()) {
    return Fault(Code::kInvalidArgument, "value", "POST goes to a type, not to a resource",
                 "request.url");
  }
  plan->outcome = Outcome::kWrite;
  plan->key = {layout::TypeNumberOf(entry.url.type), new_ids_[entry.index]};
  if (!entry.conditional_create) return {};
  STRATA_RETURN_IF_ERROR(GuardCondition(entry, entry.if_none_exist));
  STRATA_ASSIGN_OR_RETURN(auto match,
                          store::FindOne(store_, cx_, entry.url.type, entry.if_none_exist));
  if (!match) return {};
  DropGuard();
  plan->outcome = Outcome::kExisting;
  plan->key = std::move(*match);
  return {};
}

Status Transaction::PlanConditional(const Entry& entry, Plan* plan) {
  if (entry.url.parameters.empty()) {
    return Fault(Code::kInvalidArgument, "value", "the URL names neither an id nor a condition",
                 "request.url");
  }
  if (entry.method == Method::kPut) {
    STRATA_RETURN_IF_ERROR(GuardCondition(entry, entry.url.parameters));
  }
  STRATA_ASSIGN_OR_RETURN(auto match,
                          store::FindOne(store_, cx_, entry.url.type, entry.url.parameters));
  if (match) {
    plan->key = std::move(*match);
    if (entry.method != Method::kPut) return {};
    DropGuard();
    if (entry.resource.id.empty()) return {};
    return store::CheckIdOfBody(entry.url.type, plan->key.id, entry.resource.id);
  }
  if (entry.method == Method::kDelete) {
    plan->outcome = Outcome::kRead;  // nothing to do
    results_[entry.index].status = kStatusNoContent;
    return {};
  }
  if (entry.method == Method::kPatch) {
    return Fault(Code::kNotFound, "not-found", "no resource meets the condition", "request.url");
  }
  const std::string_view id = entry.resource.id;
  STRATA_ASSIGN_OR_RETURN(plan->key,
                          store::CheckKey(entry.url.type, id.empty() ? new_ids_[entry.index] : id));
  return {};
}

Status Transaction::GuardCondition(const Entry& entry, const store::Parameters& condition) {
  STRATA_ASSIGN_OR_RETURN(store::ConditionGuard guard,
                          store::ConditionGuard::Read(store_, cx_, entry.url.type, condition));
  if (!guard_keys_.insert(guard.key()).second) {
    return Fault(Code::kInvalidArgument, "duplicate",
                 "another entry has the same condition: they mean the same resource", "request");
  }
  guards_.push_back(std::move(guard));
  return {};
}

// A condition that found a resource needs no guard: the resource's version is required.
void Transaction::DropGuard() {
  guard_keys_.erase(guards_.back().key());
  guards_.pop_back();
}

// FHIR R4 http.html#trules: "If any resource identities overlap, the transaction SHALL fail".
// And R4 bundle.html bdl-7: a fullUrl stands for one entry, or references to it would be guessed.
Status Transaction::RefuseDuplicates() const {
  std::map<std::string, std::size_t> seen;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> urls;
  for (const Entry& entry : bundle_.entries) {
    const Plan& plan = plans_[entry.index];
    if (plan.outcome == Outcome::kRead) continue;
    if (!entry.full_url.empty()) {
      const auto [same, is_first] = urls.emplace(
          std::pair(entry.full_url, plan.resource.meta["versionId"].string()), entry.index);
      if (!is_first && ReferenceOf(plans_[same->second].key) != ReferenceOf(plan.key)) {
        return store::Within(
            Fault(Code::kInvalidArgument, "duplicate",
                  "the entry has the fullUrl of entry " + std::to_string(same->second), "fullUrl"),
            entry.path());
      }
    }
    const auto [at, is_new] = seen.emplace(ReferenceOf(plan.key), entry.index);
    if (is_new) continue;
    // Several conditional creates may find the same resource: none of them changes it.
    if (plan.outcome == Outcome::kExisting && plans_[at->second].outcome == Outcome::kExisting) {
      continue;
    }
    return store::Within(
        Fault(Code::kInvalidArgument, "duplicate",
              "the entry is about the same resource as entry " + std::to_string(at->second)),
        entry.path());
  }
  return {};
}

Status Transaction::LoadCurrents() {
  std::vector<ResourceKey> keys;
  std::vector<std::size_t> loaded;
  for (const Entry& entry : bundle_.entries) {
    const Plan& plan = plans_[entry.index];
    const bool is_fresh = plan.key.id == new_ids_[entry.index];
    if (plan.outcome == Outcome::kRead || is_fresh) continue;
    keys.push_back(plan.key);
    loaded.push_back(entry.index);
  }
  STRATA_ASSIGN_OR_RETURN(auto found, store_.records.Load(cx_, keys));
  for (std::size_t i = 0; i < found.size(); ++i) plans_[loaded[i]].current = std::move(found[i]);
  return {};
}

Status Transaction::ApplyPatches() {
  for (const Entry& entry : bundle_.entries) {
    if (entry.method != Method::kPatch) continue;
    Plan& plan = plans_[entry.index];
    Result<json::Document> patched = PreparePatch(store_, cx_, entry, plan.key, plan.current);
    if (!patched.ok()) return store::Within(patched.status(), entry.path());
    plan.patched = *std::move(patched);
    STRATA_ASSIGN_OR_RETURN(plan.resource,
                            store::CheckResource(plan.patched->root(), entry.url.type));
  }
  return {};
}

void Transaction::CollectTargets(PendingSearch* search) {
  for (const Entry& entry : bundle_.entries) {
    const Plan& plan = plans_[entry.index];
    if (plan.outcome == Outcome::kRead || plan.outcome == Outcome::kDelete) continue;
    LinkTarget target{ReferenceOf(plan.key), {}, plan.current.header.version_id};
    if (plan.outcome == Outcome::kWrite) {
      target.client_version = plan.resource.meta["versionId"].string();
      target.new_version = store::NextAfter(plan.current, 0).version_id;
      search->Add({plan.key, plan.resource.root});
    }
    targets_.Add(entry.full_url, std::move(target));
  }
}

Status Transaction::MakeWrites() {
  PendingSearch search(store_, cx_);
  CollectTargets(&search);
  ConditionalReferences references(search);
  for (const Entry& entry : bundle_.entries) {
    Plan& plan = plans_[entry.index];
    if (plan.outcome == Outcome::kRead) continue;
    STRATA_RETURN_IF_ERROR(store::Within(MakeWrite(entry, plan, references), entry.path()));
  }
  return {};
}

Status Transaction::MakeWrite(const Entry& entry, Plan& plan, ConditionalReferences& references) {
  EntryResult& result = results_[entry.index];
  if (plan.outcome == Outcome::kExisting) {
    const layout::RowHeader& header = plan.current.header;
    FillHeader(plan.key, header.version_id, header.last_updated_us, header.change,
               &result.resource);
    result.status = kStatusOk;
    return {};
  }
  Result<Prepared> prepared = Internal("not prepared");
  if (plan.outcome == Outcome::kDelete) {
    prepared = PrepareDelete(store_, entry, plan.key, std::move(plan.current));
  } else {
    const auto resolve = [&](std::string_view link) { return references.Resolve(link); };
    STRATA_ASSIGN_OR_RETURN(const auto splices,
                            RewriteLinks(plan.resource.root, entry.full_url, targets_, resolve));
    prepared =
        PrepareWrite(store_, cx_, entry, plan.key, std::move(plan.current), plan.resource, splices);
  }
  if (!prepared.ok()) return prepared.status();
  result.status = prepared->status;
  result.resource = std::move(prepared->resource);
  if (!prepared->write) return {};
  writes_.push_back(*std::move(prepared->write));
  write_entries_.push_back(entry.index);
  return {};
}

Status Transaction::Commit() {
  if (writes_.empty()) return {};
  store::RowChanges rows;
  store::WriteSet set(store_);
  STRATA_RETURN_IF_ERROR(set.Build(cx_, writes_, &rows));
  for (const store::ConditionGuard& guard : guards_) guard.AddTo(&rows);
  if (!name_.id.empty()) {
    std::vector<store::RememberedItem> items(results_.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].status = static_cast<std::uint16_t>(results_[i].status);
    }
    for (std::size_t i = 0; i < writes_.size(); ++i) {
      items[write_entries_[i]].n = writes_[i].current.n;
      items[write_entries_[i]].version_id = writes_[i].version_id;
    }
    STRATA_RETURN_IF_ERROR(store::Remember(store_, cx_, name_, items, &rows));
  }
  STRATA_RETURN_IF_ERROR(set.Commit(cx_, std::move(rows)));
  if (keep_texts_) {
    for (std::size_t i = 0; i < writes_.size(); ++i) {
      results_[write_entries_[i]].resource.set_json(std::move(writes_[i].json));
    }
  }
  return {};
}

// The texts of resources that conditional creates found.
Status Transaction::FillExisting() {
  if (!keep_texts_) return {};
  for (const Entry& entry : bundle_.entries) {
    if (plans_[entry.index].outcome != Outcome::kExisting) continue;
    STRATA_ASSIGN_OR_RETURN(const store::Current current,
                            store_.records.LoadOne(cx_, plans_[entry.index].key));
    if (!current.exists()) continue;
    STRATA_ASSIGN_OR_RETURN(const store::Version version, store_.records.Unpack(cx_, current));
    store::FillResource(version, &results_[entry.index].resource);
  }
  return {};
}

}  // namespace strata::fhir::bundle
