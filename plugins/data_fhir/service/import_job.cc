#include "plugins/data_fhir/service/import_job.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "core/base/datetime.h"
#include "plugins/data_fhir/bundle/transaction.h"
#include "plugins/data_fhir/layout/hash.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/preconditions.h"

namespace strata::fhir::service {
namespace {

using store::ResourceKey;
using store::Write;

std::uint64_t HashOf(const ResourceKey& key) {
  return layout::HashOfReference(key.type_name(), key.id);
}

// Errors that say nothing about an item, but that the store or the call is in trouble.
bool IsTrouble(Code code) {
  switch (code) {
    case Code::kCancelled:
    case Code::kDeadlineExceeded:
    case Code::kUnavailable:
    case Code::kDataLoss:
    case Code::kInternal:
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return true;
    default:
      return false;
  }
}

// The entry that the outcome names ("Bundle.entry[3].resource"), or -1.
std::int64_t EntryOf(const data::v1::Outcome& outcome) {
  constexpr std::string_view kPrefix = "Bundle.entry[";
  for (const auto& issue : outcome.issues()) {
    for (const std::string& expression : issue.expression()) {
      if (!expression.starts_with(kPrefix)) continue;
      std::int64_t entry = -1;
      std::from_chars(expression.data() + kPrefix.size(), expression.data() + expression.size(),
                      entry);
      return entry;
    }
  }
  return -1;
}

layout::Change ChangeOf(data::v1::Change change) {
  switch (change) {
    case data::v1::CHANGE_DELETED:
      return layout::Change::kDeleted;
    case data::v1::CHANGE_UPDATED:
      return layout::Change::kUpdated;
    default:
      return layout::Change::kCreated;
  }
}

}  // namespace

ImportText GivenText(std::uint64_t item, data::v1::Resource& version) {
  ImportText text;
  text.item = item;
  const auto key = store::CheckKey(version.type(), version.id());
  GivenVersion& given = text.given.emplace();
  given.version_id = store::ParseVersionId(version.version_id());
  given.last_updated_us = version.last_updated_us();
  given.change = ChangeOf(version.change());
  if (!key.ok()) {
    text.fault = key.status();
  } else if (given.version_id == 0) {
    text.fault = store::Fault(Code::kInvalidArgument, "value", "the version has no number");
  } else {
    given.key = *key;
  }
  if (given.change != layout::Change::kDeleted) text.json = std::move(*version.mutable_json());
  return text;
}

ImportJob::ImportJob(store::Store& store, const Context& cx, KeyOrder& order,
                     const bundle::Environment& environment)
    : store_(store), cx_(cx), order_(order), environment_(environment) {}

Status ImportJob::Run(ImportBatch& batch, ImportProgress* progress) {
  progress_ = progress;
  parsed_.clear();
  parsed_.resize(batch.texts.size());
  for (std::size_t i = 0; i < batch.texts.size(); ++i) Parse(batch.texts[i], &parsed_[i]);
  order_.Begin(batch.number, Keys());

  // Resources that follow each other share a commit.
  Status status;
  std::vector<Resource> resources;
  for (Parsed& parsed : parsed_) {
    for (Resource& resource : parsed.resources) resources.push_back(std::move(resource));
    if (!parsed.bundle) continue;
    status = RunResources(std::move(resources));
    resources.clear();
    if (status.ok()) status = RunBundle(parsed, batch.number);
    if (!status.ok()) break;
    parsed.document.reset();
  }
  if (status.ok()) status = RunResources(std::move(resources));
  order_.End(batch.number);
  progress->items += batch.texts.size();
  progress->bytes += batch.bytes;
  return status;
}

void ImportJob::Parse(ImportText& text, Parsed* parsed) {
  parsed->item = text.item;
  if (!text.fault.ok()) {
    static_cast<void>(Blame(text.item, -1, text.fault));
    return;
  }
  if (text.given && text.given->change == layout::Change::kDeleted) {
    const store::ResourceKey key = text.given->key;
    parsed->resources.push_back({text.item, -1, {}, key, std::move(text.given)});
    return;
  }
  Result<json::Document> document = json::Document::ParseOwned(std::move(text.json));
  if (!document.ok()) {
    static_cast<void>(Blame(text.item, -1, store::JsonFault(document.status())));
    return;
  }
  parsed->document = std::move(*document);
  const json::Value root = parsed->document->root();
  if (text.given) return AddGiven(root, *std::move(text.given), parsed);
  if (root["resourceType"].string() != "Bundle") return AddResource(root, -1, parsed);
  Result<bundle::Bundle> bundle = bundle::ParseBundle(root, {});
  if (!bundle.ok()) {
    static_cast<void>(Blame(text.item, -1, bundle.status()));
    return;
  }
  if (bundle->kind != bundle::Kind::kOther) {
    parsed->bundle = std::move(*bundle);
    return;
  }
  for (const bundle::Entry& entry : bundle->entries) {
    if (entry.body) AddResource(entry.body, static_cast<std::int64_t>(entry.index), parsed);
  }
}

void ImportJob::AddResource(json::Value root, std::int64_t entry, Parsed* parsed) {
  Result<store::ClientResource> client = store::CheckResource(root, {});
  if (client.ok() && root.end_offset() - root.begin_offset() > store::kMaxResourceBytes) {
    client = store::Fault(Code::kResourceExhausted, "too-long", "the resource is too large");
  }
  if (client.ok() && !client->id.empty() && !store::IsValidId(client->id)) {
    client = store::BadId(std::string(client->type).append(".id"));
  }
  if (!client.ok()) {
    static_cast<void>(Blame(parsed->item, entry, client.status()));
    return;
  }
  Resource resource{parsed->item, entry, *client, {}};
  resource.key.type = layout::TypeNumberOf(client->type);
  resource.key.id = client->id.empty() ? store::NewId() : std::string(client->id);
  parsed->resources.push_back(std::move(resource));
}

void ImportJob::AddGiven(json::Value root, GivenVersion given, Parsed* parsed) {
  AddResource(root, -1, parsed);
  if (parsed->resources.empty()) return;
  if (parsed->resources.back().key == given.key) {
    parsed->resources.back().given = std::move(given);
    return;
  }
  parsed->resources.clear();
  static_cast<void>(Blame(parsed->item, -1,
                          store::Fault(Code::kInvalidArgument, "value",
                                       "the version's json is of another type or id")));
}

std::vector<std::uint64_t> ImportJob::Keys() const {
  std::vector<std::uint64_t> keys;
  for (const Parsed& parsed : parsed_) {
    for (const Resource& resource : parsed.resources) keys.push_back(HashOf(resource.key));
    if (!parsed.bundle) continue;
    for (const bundle::Entry& entry : parsed.bundle->entries) {
      if (!entry.url.id.empty()) {
        keys.push_back(layout::HashOfReference(entry.url.type, entry.url.id));
      }
    }
  }
  return keys;
}

// Puts resources in commits in which each is at most once.
Status ImportJob::RunResources(std::vector<Resource> resources) {
  std::unordered_set<std::uint64_t> seen;
  std::vector<Resource> together;
  const auto put = [&]() -> Status {
    for (int attempt = 0; attempt < store::kAttempts; ++attempt) {
      const Status status = PutOnce(together);
      if (status.code() == Code::kAborted && !cx_.Cancelled()) continue;
      if (!status.ok() && !IsTrouble(status.code())) return PutAlone(std::exchange(together, {}));
      if (!status.ok()) return status;
      progress_->resources += together.size();
      together.clear();
      seen.clear();
      return status;
    }
    return store::TooBusy();
  };
  for (Resource& resource : resources) {
    if (!seen.insert(HashOf(resource.key)).second) {
      STRATA_RETURN_IF_ERROR(put());
      seen.insert(HashOf(resource.key));
    }
    together.push_back(std::move(resource));
  }
  return together.empty() ? OkStatus() : put();
}

// One of them cannot be stored (a SearchParameter that defines nothing): each for itself.
Status ImportJob::PutAlone(const std::vector<Resource>& resources) {
  for (const Resource& resource : resources) {
    Status status = store::TooBusy();
    for (int attempt = 0; attempt < store::kAttempts && status.code() == Code::kAborted;
         ++attempt) {
      status = PutOnce({resource});
    }
    if (status.ok()) {
      ++progress_->resources;
    } else {
      STRATA_RETURN_IF_ERROR(Blame(resource.item, resource.entry, status));
    }
  }
  return {};
}

Status ImportJob::PutOnce(const std::vector<Resource>& resources) {
  std::vector<ResourceKey> keys;
  keys.reserve(resources.size());
  for (const Resource& resource : resources) keys.push_back(resource.key);
  STRATA_ASSIGN_OR_RETURN(auto currents, store_.records.Load(cx_, keys));

  std::vector<Write> writes;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    std::optional<std::string> current_json;
    STRATA_ASSIGN_OR_RETURN(const bool newer, Prepare(resources[i], currents[i], &current_json));
    if (!newer) continue;
    writes.push_back(MakeWrite(resources[i], std::move(currents[i])));
    writes.back().current_json = std::move(current_json);
  }
  if (writes.empty()) return {};
  store::RowChanges rows;
  store::WriteSet set(store_);
  STRATA_RETURN_IF_ERROR(set.Build(cx_, writes, &rows));
  return set.Commit(cx_, std::move(rows));
}

Result<bool> ImportJob::Prepare(const Resource& resource, const store::Current& current,
                                std::optional<std::string>* current_json) {
  if (resource.given) {
    const GivenVersion& given = *resource.given;
    if (current.known() && current.header.version_id >= given.version_id) return false;
    if (given.change == layout::Change::kDeleted && !current.exists()) return false;
  }
  if (!current.exists()) return true;
  STRATA_ASSIGN_OR_RETURN(store::Version stored, store_.records.Unpack(cx_, current));
  if (!resource.given) {
    const std::string same = store::ComposeStored(
        resource.client, {},
        {resource.key.id, stored.header.version_id, stored.header.last_updated_us});
    if (store::IsUnchanged(stored, same)) return false;
  }
  *current_json = std::move(stored.json);
  return true;
}

// A resource that is new here keeps its version and time, so that an export comes back the same.
store::Write ImportJob::MakeWrite(const Resource& resource, store::Current current) const {
  store::NextVersion next = store::NextAfter(current, store_.now_us());
  if (resource.given) {
    next = {resource.given->change, resource.given->version_id, resource.given->last_updated_us};
  } else if (!current.known()) {
    const layout::VersionId version =
        store::ParseVersionId(resource.client.meta["versionId"].string());
    const auto updated = web::ParseDateTime(resource.client.meta["lastUpdated"].string());
    if (version != 0 && updated) {
      next.version_id = version;
      next.last_updated_us = updated->begin_us;
      if (version > 1) next.change = layout::Change::kUpdated;
    }
  }
  Write write;
  write.key = resource.key;
  write.current = std::move(current);
  write.change = next.change;
  write.version_id = next.version_id;
  write.last_updated_us = next.last_updated_us;
  if (next.change == layout::Change::kDeleted) return write;
  write.json = store::ComposeStored(resource.client, {},
                                    {write.key.id, next.version_id, next.last_updated_us});
  return write;
}

Status ImportJob::RunBundle(const Parsed& parsed, std::uint64_t batch) {
  if (parsed.bundle->kind == bundle::Kind::kTransaction) return RunTransaction(parsed, batch);
  std::int64_t entry = 0;
  const auto visit = [&](data::v1::TransactionEntry& response) {
    constexpr std::uint32_t kFirstError = 400;
    if (response.status() >= kFirstError) {
      data::v1::ImportFault fault;
      fault.set_item(parsed.item);
      fault.set_entry(entry);
      fault.set_code(static_cast<std::int32_t>(Code::kInvalidArgument));
      if (response.outcome().issues_size() > 0) {
        fault.set_message(response.outcome().issues(0).diagnostics());
      }
      *fault.mutable_outcome() = std::move(*response.mutable_outcome());
      progress_->faults.push_back(std::move(fault));
    } else {
      ++progress_->resources;
    }
    ++entry;
    return true;
  };
  return bundle::Process(store_, cx_, *parsed.bundle, environment_, visit);
}

Status ImportJob::RunTransaction(const Parsed& parsed, std::uint64_t batch) {
  bundle::Transaction transaction(store_, cx_, *parsed.bundle, {});
  Status status = transaction.Run();
  if (status.code() == Code::kFailedPrecondition) {
    // What a condition should find may be in a batch that is still being written.
    order_.WaitForEarlier(batch);
    status = transaction.Run();
  }
  if (!status.ok()) return Blame(parsed.item, EntryOf(store::OutcomeOf(status)), status);
  progress_->resources += parsed.bundle->entries.size();
  return {};
}

// Notes the fault, or hands trouble on.
Status ImportJob::Blame(std::uint64_t item, std::int64_t entry, const Status& status) {
  if (IsTrouble(status.code())) return status;
  data::v1::ImportFault fault;
  fault.set_item(item);
  fault.set_entry(entry);
  fault.set_code(static_cast<std::int32_t>(status.code()));
  fault.set_message(status.message());
  *fault.mutable_outcome() = store::OutcomeOf(status);
  progress_->faults.push_back(std::move(fault));
  return {};
}

}  // namespace strata::fhir::service
