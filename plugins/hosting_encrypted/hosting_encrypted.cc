#include "plugins/hosting_encrypted/hosting_encrypted.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "plugins/hosting_encrypted/envelope.h"
#include "plugins/hosting_encrypted/key_map.h"
#include "plugins/hosting_encrypted/streams.h"
#include "storage/api/validate.h"
#include "storage/service/convert.h"
#include "storage/service/stream_relay.h"

namespace strata::plugins::hosting_encrypted {
namespace {

namespace v1 = hosting::v1;
using storage::service::RelayStream;

constexpr auto kStartTime = std::chrono::minutes(1);
constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;

// What the contract asks for; the store below offers the room for envelopes besides.
storage::Limits CallerLimits() {
  storage::Limits limits;
  limits.max_key_bytes = 1024;
  limits.max_value_bytes = std::uint64_t{1} << 20;
  limits.max_commit_bytes = std::uint64_t{256} << 20;
  limits.max_get_bytes = std::uint64_t{16} << 20;
  limits.max_preconditions = 10'000;
  return limits;
}

Status CheckRoom(const v1::Limits& store, const storage::Limits& limits) {
  if (store.max_key_bytes() > limits.max_key_bytes &&
      store.max_value_bytes() >= limits.max_value_bytes + kEnvelopeBytes &&
      store.max_commit_bytes() > limits.max_commit_bytes &&
      store.max_get_bytes() >= limits.max_get_bytes + store.max_get_keys() * kEnvelopeBytes) {
    return OkStatus();
  }
  return FailedPrecondition(
      "the limits of the store leave no room for what encryption adds: it must take keys of 1025 "
      "bytes, values of 1 MiB + 64 bytes, commits of more than 256 MiB, and answer 16 MiB + 64 "
      "bytes for each key of a Get");
}

Result<std::vector<WrappingKey>> ReadKeys(const std::vector<KeySource>& sources) {
  std::vector<WrappingKey> keys;
  for (const KeySource& source : sources) {
    STRATA_ASSIGN_OR_RETURN(const KeyBytes bytes, ReadKey(source));
    STRATA_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Make(bytes));
    keys.push_back({source.id, std::move(key)});
  }
  return keys;
}

// ABORTED by the precondition with this index.
bool AbortedBy(const Status& status, std::uint32_t precondition) {
  v1::CommitConflict conflict;
  return status.code() == Code::kAborted && conflict.ParseFromString(status.details()) &&
         conflict.precondition() == precondition;
}

// The caller does not know of our precondition, which came first.
Status WithoutOurs(Status status) {
  v1::CommitConflict conflict;
  if (status.code() != Code::kAborted || !conflict.ParseFromString(status.details())) return status;
  if (conflict.precondition() == 0) {
    return Unavailable("somebody else made the first data key; ask again");
  }
  conflict.set_precondition(conflict.precondition() - 1);
  return std::move(status).WithDetails(conflict.SerializeAsString());
}

void PutKeyring(const std::string& bytes, v1::Mutation* mutation) {
  mutation->mutable_put()->set_key(std::string(kKeyringKey));
  mutation->mutable_put()->set_value(bytes);
}

}  // namespace

HostingEncrypted::HostingEncrypted(Host host, EncryptedOptions options)
    : host_(host),
      options_(std::move(options)),
      store_(host, "store"),
      limits_(CallerLimits()),
      keys_(host, &store_),
      rewriter_(host, &store_, &keys_, options_.rewrite_share) {}

Result<std::unique_ptr<HostingEncrypted>> HostingEncrypted::Create(Host host,
                                                                   std::string_view config_json) {
  STRATA_ASSIGN_OR_RETURN(EncryptedOptions options, ParseOptions(config_json));
  return std::unique_ptr<HostingEncrypted>(new HostingEncrypted(host, std::move(options)));
}

Status HostingEncrypted::OpenStore(const EncryptedOptions& options) {
  const Context context = Context::Background(kStartTime);
  STRATA_ASSIGN_OR_RETURN(std::vector<WrappingKey> keys, ReadKeys(options.keys));
  v1::DescribeResponse described;
  STRATA_RETURN_IF_ERROR(store_.Describe(context, {}, &described));
  STRATA_RETURN_IF_ERROR(CheckRoom(described.limits(), limits_));
  return keys_.Open(context, std::move(keys));
}

Status HostingEncrypted::Start() {
  STRATA_RETURN_IF_ERROR(OpenStore(options_));
  host_.Info("hosting_encrypted.opened",
             {{"key", keys_.active_key()}, {"data_keys", keys_.ring()->keys().size()}});
  rewriter_.Start();
  return OkStatus();
}

Status HostingEncrypted::Reconfigure(std::string_view config_json) {
  STRATA_ASSIGN_OR_RETURN(const EncryptedOptions options, ParseOptions(config_json));
  STRATA_RETURN_IF_ERROR(OpenStore(options));
  rewriter_.Wake();
  return OkStatus();
}

Status HostingEncrypted::Drain(std::chrono::steady_clock::time_point /*deadline*/) {
  rewriter_.Stop();
  return OkStatus();
}

Status HostingEncrypted::Describe(Context& context, const v1::DescribeRequest& request,
                                  v1::DescribeResponse* response) {
  STRATA_RETURN_IF_ERROR(store_.Describe(context, request, response));
  response->set_engine("encrypted(" + response->engine() + ")");
  v1::Limits* limits = response->mutable_limits();
  limits->set_max_key_bytes(limits_.max_key_bytes);
  limits->set_max_value_bytes(limits_.max_value_bytes);
  limits->set_max_commit_bytes(limits_.max_commit_bytes);
  limits->set_max_get_bytes(limits_.max_get_bytes);
  limits->set_max_preconditions(
      std::min(limits->max_preconditions(), static_cast<std::uint32_t>(limits_.max_preconditions)));
  if (response->key_count_estimate() > 0) {
    response->set_key_count_estimate(response->key_count_estimate() - 1);
  }
  return OkStatus();
}

Status HostingEncrypted::Get(Context& context, const v1::GetRequest& request,
                             v1::GetResponse* response) {
  v1::GetRequest stored = request;
  for (std::string& key : *stored.mutable_keys()) {
    if (Shifted(key)) key = Stored(key);
  }
  STRATA_RETURN_IF_ERROR(store_.Get(context, stored, response));
  if (request.omit_values()) return OkStatus();
  Opener opener(&keys_, &context);
  std::string value;
  std::uint64_t bytes = 0;
  for (int i = 0; i < response->entries_size(); ++i) {
    v1::Entry* entry = response->mutable_entries(i);
    if (entry->version() == 0) continue;
    STRATA_RETURN_IF_ERROR(opener.Open(request.keys(i), entry->version(), entry->value(), &value));
    bytes += value.size();
    entry->mutable_value()->swap(value);
  }
  if (bytes <= limits_.max_get_bytes) return OkStatus();
  response->Clear();
  return ResourceExhausted("the values are larger than max_get_bytes together; ask for fewer");
}

Status HostingEncrypted::ScanOpened(Context& context, const v1::ScanRequest& request,
                                    const ChunkSink& sink) {
  v1::ScanRequest stored = request;
  stored.set_begin(StoredBegin(request.begin()));
  stored.set_end(Stored(request.end()));
  Opener opener(&keys_, &context);
  std::string rows;
  std::uint32_t count = 0;
  std::uint64_t view = 0;
  bool heard = true;
  bool sent = false;
  Status opened;
  const Status scanned = store_.Scan(context, stored, [&](v1::ScanResponse& chunk) {
    opened = opener.OpenRows(chunk.rows(), request.keys_only(), &rows);
    count += chunk.row_count();
    view = chunk.view_version();
    if (!opened.ok()) return false;
    if (rows.size() < kChunkBytes) return true;
    sent = true;
    heard = sink(std::exchange(rows, {}), std::exchange(count, 0), view);
    return heard;
  });
  STRATA_RETURN_IF_ERROR(opened);
  STRATA_RETURN_IF_ERROR(scanned);
  if (heard && (count > 0 || !sent)) sink(std::move(rows), count, view);
  return OkStatus();
}

Status HostingEncrypted::Scan(Context& context, const v1::ScanRequest& request,
                              Writer<v1::ScanResponse>& writer) {
  v1::ScanResponse response;
  return ScanOpened(context, request,
                    [&](std::string rows, std::uint32_t count, std::uint64_t view) {
                      response.set_rows(std::move(rows));
                      response.set_row_count(count);
                      response.set_view_version(view);
                      return writer.Write(response);
                    });
}

Status HostingEncrypted::OpenSnapshot(Context& context, const v1::OpenSnapshotRequest& request,
                                      v1::OpenSnapshotResponse* response) {
  return store_.OpenSnapshot(context, request, response);
}

Status HostingEncrypted::CloseSnapshot(Context& context, const v1::CloseSnapshotRequest& request,
                                       v1::CloseSnapshotResponse* response) {
  return store_.CloseSnapshot(context, request, response);
}

Status HostingEncrypted::CommitSealed(Context& context, const v1::CommitRequest& request,
                                      const Keyring& ring, const std::string* unsaved, bool* raced,
                                      v1::CommitResponse* response) {
  v1::CommitRequest sealed;
  sealed.set_request_id(request.request_id());
  for (const v1::Precondition& precondition : request.preconditions()) {
    *sealed.add_preconditions() = StorePrecondition(precondition);
  }
  std::uint64_t bytes = 0;
  for (const v1::Mutation& mutation : request.mutations()) {
    STRATA_RETURN_IF_ERROR(SealMutation(ring, limits_, mutation, sealed.add_mutations(), &bytes));
  }
  if (bytes > limits_.max_commit_bytes) {
    return InvalidArgument("the commit is larger than max_commit_bytes");
  }
  const auto ours = static_cast<std::uint32_t>(sealed.preconditions_size());
  if (unsaved != nullptr && request.mutations_size() > 0) {
    PutKeyring(*unsaved, sealed.add_mutations());
    sealed.add_preconditions()->set_key_absent(std::string(kKeyringKey));
  }
  const Status status = store_.Commit(context, sealed, response);
  *raced = unsaved != nullptr && (AbortedBy(status, ours) || response->replayed());
  return status;
}

Status HostingEncrypted::Commit(Context& context, const v1::CommitRequest& request,
                                v1::CommitResponse* response) {
  STRATA_ASSIGN_OR_RETURN(const storage::CommitRequest parsed,
                          storage::service::FromProto(request));
  STRATA_RETURN_IF_ERROR(storage::ValidateCommit(parsed, limits_));
  bool raced = false;
  const auto write = [&](const Keyring& ring, const std::string* unsaved) -> Result<bool> {
    STRATA_RETURN_IF_ERROR(CommitSealed(context, request, ring, unsaved, &raced, response));
    return !raced && request.mutations_size() > 0;
  };
  if (request.mutations_size() == 0) return write(*keys_.ring(), nullptr).status();
  const Status status = keys_.Write(write);
  if (!raced) return status;
  // Somebody else has made the first data key.
  STRATA_RETURN_IF_ERROR(keys_.Reload(context));
  return status.ok() ? status : keys_.Write(write);
}

Status HostingEncrypted::CommitStream(Context& context, Reader<v1::CommitStreamRequest>& reader,
                                      v1::CommitResponse* response) {
  return keys_.Write([&](const Keyring& ring, const std::string* unsaved) -> Result<bool> {
    std::uint64_t bytes = 0;
    bool first = unsaved != nullptr;
    const auto seal = [&](v1::CommitStreamRequest* message) -> Status {
      v1::CommitRequest sealed;
      const v1::CommitRequest& part = message->part();
      sealed.set_request_id(part.request_id());
      if (std::exchange(first, false)) {
        sealed.add_preconditions()->set_key_absent(std::string(kKeyringKey));
        PutKeyring(*unsaved, sealed.add_mutations());
      }
      for (const v1::Precondition& precondition : part.preconditions()) {
        *sealed.add_preconditions() = StorePrecondition(precondition);
      }
      for (const v1::Mutation& mutation : part.mutations()) {
        STRATA_RETURN_IF_ERROR(
            SealMutation(ring, limits_, mutation, sealed.add_mutations(), &bytes));
      }
      if (bytes > limits_.max_commit_bytes) {
        return InvalidArgument("the commit is larger than max_commit_bytes");
      }
      message->mutable_part()->Swap(&sealed);
      return OkStatus();
    };
    const Status status = RelayStream(
        reader, seal, [&](auto source) { return store_.CommitStream(context, source, response); });
    if (unsaved == nullptr) return status.ok() ? Result<bool>(false) : status;
    STRATA_RETURN_IF_ERROR(WithoutOurs(status));
    if (response->replayed()) STRATA_RETURN_IF_ERROR(keys_.Reload(context));
    return !first && !response->replayed();
  });
}

Status HostingEncrypted::Watch(Context& context, const v1::WatchRequest& request,
                               Writer<v1::WatchResponse>& writer) {
  v1::WatchRequest stored = request;
  stored.mutable_range()->set_begin(StoredBegin(request.range().begin()));
  stored.mutable_range()->set_end(Stored(request.range().end()));
  Opener opener(&keys_, &context);
  Status opened;
  const Status watched = store_.Watch(context, stored, [&](v1::WatchResponse& response) {
    for (v1::CommitEvent& event : *response.mutable_commits()) {
      opened = opener.OpenEvent(&event);
      if (!opened.ok()) return false;
    }
    return writer.Write(response);
  });
  return opened.ok() ? watched : opened;
}

Status HostingEncrypted::EncryptionStatus(Context& context,
                                          const v1::EncryptionStatusRequest& /*request*/,
                                          v1::EncryptionStatusResponse* response) {
  v1::DescribeResponse described;
  STRATA_RETURN_IF_ERROR(Describe(context, {}, &described));
  const std::shared_ptr<const Keyring> ring = keys_.ring();
  response->set_active_key(keys_.active_key());
  for (const DataKey& key : ring->keys()) {
    v1::DataKey* out = response->add_data_keys();
    out->set_id(key.id);
    out->set_created_us(key.created_us);
    out->set_active(key.id == ring->active().id);
    for (const auto& [id, wrapped] : key.wraps) out->add_wrapped_with(id);
  }
  const Rewriter::Progress progress = rewriter_.progress();
  response->set_rotating(ring->keys().size() > 1);
  response->set_rows_seen(progress.rows_seen);
  response->set_rows_rewritten(progress.rows_rewritten);
  response->set_rows_total_estimate(described.key_count_estimate());
  response->set_problem(progress.problem);
  return OkStatus();
}

}  // namespace strata::plugins::hosting_encrypted
