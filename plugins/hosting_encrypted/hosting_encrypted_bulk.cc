// HostingEncrypted: whole stores, and rows as they were written elsewhere.

#include <algorithm>
#include <utility>

#include "plugins/hosting_encrypted/envelope.h"
#include "plugins/hosting_encrypted/hosting_encrypted.h"
#include "plugins/hosting_encrypted/key_map.h"
#include "plugins/hosting_encrypted/streams.h"
#include "storage/api/backup_format.h"
#include "storage/api/validate.h"
#include "storage/service/stream_relay.h"

namespace strata::plugins::hosting_encrypted {
namespace {

namespace v1 = hosting::v1;
using storage::service::RelayStream;

constexpr std::size_t kBackupBytes = std::size_t{256} * 1024;

// Adds the data keys to the first thing that the message writes; false: it writes nothing.
bool AddKeyring(const std::string& bytes, v1::IngestRequest* message) {
  if (!message->rows().empty() && message->up_to_version() > 0) {
    AppendRow(message->mutable_rows(), {kKeyringKey, message->up_to_version(), bytes});
    return true;
  }
  if (message->commits_size() == 0) return false;
  v1::CommitEvent* event = message->mutable_commits(0);
  v1::Change* change = event->add_changes();
  change->set_key(std::string(kKeyringKey));
  change->set_kind(v1::Change::KIND_PUT);
  change->set_value(bytes);
  change->set_value_version(event->version());
  return true;
}

}  // namespace

Status HostingEncrypted::Backup(Context& context, const v1::BackupRequest& /*request*/,
                                Writer<v1::BackupResponse>& writer) {
  v1::DescribeResponse described;
  STRATA_RETURN_IF_ERROR(Describe(context, {}, &described));
  v1::BackupResponse response;
  response.set_rows_total_estimate(described.key_count_estimate());
  bool heard = true;
  const auto flush = [&] {
    heard = writer.Write(response);
    response.clear_data();
    return heard ? OkStatus() : Cancelled("the client is gone");
  };
  const storage::ByteSink sink = [&](std::string_view bytes) -> Status {
    response.mutable_data()->append(bytes);
    return response.data().size() < kBackupBytes ? OkStatus() : flush();
  };
  storage::BackupWriter backup(sink);
  Status written;
  const auto add = [&](std::string rows, std::uint32_t count, std::uint64_t view) {
    if (!backup.begun()) {
      written = backup.Begin({described.engine(), described.store_id(), view});
    }
    response.set_rows_done(response.rows_done() + count);
    if (written.ok()) written = backup.Rows({std::move(rows), count, view});
    return written.ok();
  };
  const Status scanned = ScanOpened(context, {}, add);
  if (written.ok() && scanned.ok()) written = backup.End();
  if (written.ok() && scanned.ok()) written = flush();
  if (!heard) return OkStatus();
  return written.ok() ? scanned : written;
}

Status HostingEncrypted::Restore(Context& context, Reader<v1::RestoreRequest>& reader,
                                 v1::RestoreResponse* response) {
  v1::RestoreRequest message;
  const storage::ByteSource read = [&]() -> Result<std::string_view> {
    for (;;) {
      STRATA_ASSIGN_OR_RETURN(const bool more, reader.Read(&message));
      if (!more) return std::string_view();
      if (!message.data().empty()) return std::string_view(message.data());
    }
  };
  const std::shared_ptr<const Keyring> ring = keys_.ring();
  BackupSealer sealer(*ring, limits_, read);
  const auto next = [&](v1::RestoreRequest* sealed) {
    const Result<bool> more = sealer.Next(sealed->mutable_data());
    if (!more.ok()) throw StatusError(more.status());
    return *more;
  };
  try {
    STRATA_RETURN_IF_ERROR(store_.Restore(context, next, response));
  } catch (const StatusError& error) {
    return error.status();
  }
  if (sealer.has_keyring()) response->set_rows(response->rows() - 1);
  return keys_.Reload(context);
}

Status HostingEncrypted::Ingest(Context& context, Reader<v1::IngestRequest>& reader,
                                v1::IngestResponse* response) {
  return keys_.Write([&](const Keyring& ring, const std::string* unsaved) -> Result<bool> {
    bool add = unsaved != nullptr;
    const auto seal = [&](v1::IngestRequest* message) -> Status {
      STRATA_RETURN_IF_ERROR(SealIngest(ring, limits_, message));
      if (add) add = !AddKeyring(*unsaved, message);
      return OkStatus();
    };
    STRATA_RETURN_IF_ERROR(RelayStream(
        reader, seal, [&](auto source) { return store_.Ingest(context, source, response); }));
    return unsaved != nullptr && !add;
  });
}

Status HostingEncrypted::Rewrite(Context& context, const v1::RewriteRequest& request,
                                 v1::RewriteResponse* response) {
  const std::shared_ptr<const Keyring> ring = keys_.ring();
  v1::GetRequest get;
  for (const v1::RowRewrite& row : request.rows()) {
    STRATA_RETURN_IF_ERROR(storage::ValidateKey(row.key(), limits_));
    if (row.version() == 0 || row.value().size() > limits_.max_value_bytes) {
      return InvalidArgument("a row to be rewritten has no version, or its value is too long");
    }
    get.add_keys(Stored(row.key()));
  }
  v1::GetResponse found;
  STRATA_RETURN_IF_ERROR(store_.Get(context, get, &found));
  Opener opener(&keys_, &context);
  v1::RewriteRequest sealed;
  std::vector<std::uint32_t> indexes;  // of the rows of `sealed` in the request
  std::string value;
  for (int i = 0; i < request.rows_size(); ++i) {
    const v1::RowRewrite& row = request.rows(i);
    const v1::Entry& entry = found.entries(i);
    bool same = entry.version() == row.version();
    if (same && row.has_expected()) {
      STRATA_RETURN_IF_ERROR(opener.Open(row.key(), entry.version(), entry.value(), &value));
      same = value == row.expected();
    }
    if (!same) {
      response->add_skipped(static_cast<std::uint32_t>(i));
      continue;
    }
    v1::RowRewrite* out = sealed.add_rows();
    out->set_key(Stored(row.key()));
    out->set_version(row.version());
    out->set_expected(entry.value());
    STRATA_RETURN_IF_ERROR(
        SealValue(ring->active(), row.key(), row.value(), {}, out->mutable_value()));
    indexes.push_back(static_cast<std::uint32_t>(i));
  }
  v1::RewriteResponse below;
  STRATA_RETURN_IF_ERROR(store_.Rewrite(context, sealed, &below));
  for (const std::uint32_t index : below.skipped()) response->add_skipped(indexes[index]);
  std::sort(response->mutable_skipped()->begin(), response->mutable_skipped()->end());
  return OkStatus();
}

}  // namespace strata::plugins::hosting_encrypted
