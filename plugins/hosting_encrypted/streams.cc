#include "plugins/hosting_encrypted/streams.h"

#include <utility>

#include "plugins/hosting_encrypted/envelope.h"
#include "plugins/hosting_encrypted/key_map.h"
#include "storage/api/backup_format.h"
#include "storage/api/validate.h"
#include "storage/service/convert.h"

namespace strata::plugins::hosting_encrypted {
namespace {

namespace v1 = hosting::v1;

// Of the sealed backup: a full block of the plain one would be too long when it is sealed.
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr std::size_t kBackupBytes = std::size_t{256} * 1024;

}  // namespace

Status Opener::Open(std::string_view key, std::uint64_t version, std::string_view stored,
                    std::string* value) {
  const std::uint64_t data_key = DataKeyOf(stored);
  if (data_key != 0 && ring_->Find(data_key) == nullptr) {
    STRATA_RETURN_IF_ERROR(keys_->Reload(*context_));
    ring_ = keys_->ring();
  }
  return OpenValue(*ring_, key, version, stored, value);
}

Status Opener::OpenRows(std::string_view stored, bool keys_only, std::string* rows) {
  RowReader reader(stored);
  for (Row row; reader.Next(&row);) {
    const std::string_view key = Original(row.key);
    value_.clear();
    if (!keys_only) STRATA_RETURN_IF_ERROR(Open(key, row.version, row.value, &value_));
    AppendRow(rows, {key, row.version, value_});
  }
  return reader.ok() ? OkStatus() : Internal("the store sent what is not packed rows");
}

Status Opener::OpenEvent(v1::CommitEvent* event) {
  for (v1::Change& change : *event->mutable_changes()) {
    const bool range = change.kind() == v1::Change::KIND_DELETE_RANGE;
    const std::string key(range ? OriginalBegin(change.key()) : Original(change.key()));
    change.set_key(key);
    if (range) change.set_range_end(std::string(Original(change.range_end())));
    if (change.value_version() == 0) continue;
    STRATA_RETURN_IF_ERROR(Open(key, change.value_version(), change.value(), &value_));
    change.set_value(value_);
  }
  return OkStatus();
}

Status SealMutation(const Keyring& ring, const storage::Limits& limits,
                    const v1::Mutation& mutation, v1::Mutation* sealed, std::uint64_t* bytes) {
  STRATA_ASSIGN_OR_RETURN(const storage::Mutation parsed, storage::service::FromProto(mutation));
  STRATA_RETURN_IF_ERROR(storage::ValidateMutation(parsed, limits));
  *bytes += storage::MutationBytes(parsed);
  if (mutation.has_delete_key()) {
    sealed->set_delete_key(Stored(mutation.delete_key()));
    return OkStatus();
  }
  if (mutation.has_delete_range()) {
    sealed->mutable_delete_range()->set_begin(StoredBegin(mutation.delete_range().begin()));
    sealed->mutable_delete_range()->set_end(Stored(mutation.delete_range().end()));
    return OkStatus();
  }
  std::string key(parsed.key);
  // The first byte of a version is 0 for the next 2^56 commits.
  if (parsed.stamp_key_at == 0U) key[0] = '\0';
  v1::Put* put = sealed->mutable_put();
  put->set_key(Stored(key));
  if (parsed.stamp_key_at) put->set_stamp_key_at(*parsed.stamp_key_at + (Shifted(key) ? 1 : 0));
  return SealValue(ring.active(), key, parsed.value, {parsed.stamp_key_at, parsed.stamp_value_at},
                   put->mutable_value());
}

v1::Precondition StorePrecondition(const v1::Precondition& precondition) {
  v1::Precondition stored = precondition;
  switch (precondition.condition_case()) {
    case v1::Precondition::kKeyAbsent:
      stored.set_key_absent(Stored(precondition.key_absent()));
      break;
    case v1::Precondition::kKeyPresent:
      stored.set_key_present(Stored(precondition.key_present()));
      break;
    case v1::Precondition::kKeyAtVersion:
      stored.mutable_key_at_version()->set_key(Stored(precondition.key_at_version().key()));
      break;
    case v1::Precondition::kRangeEmpty:
      stored.mutable_range_empty()->set_begin(StoredBegin(precondition.range_empty().begin()));
      stored.mutable_range_empty()->set_end(Stored(precondition.range_empty().end()));
      break;
    case v1::Precondition::CONDITION_NOT_SET:
      break;  // the store refuses it
  }
  return stored;
}

Status SealIngest(const Keyring& ring, const storage::Limits& limits, v1::IngestRequest* message) {
  if (message->has_range()) {
    message->mutable_range()->set_begin(StoredBegin(message->range().begin()));
    message->mutable_range()->set_end(Stored(message->range().end()));
  }
  const auto seal = [&](std::string_view key, std::string_view value, std::string* out) -> Status {
    STRATA_RETURN_IF_ERROR(storage::ValidateKey(key, limits));
    if (value.size() > limits.max_value_bytes) {
      return InvalidArgument("a value is longer than max_value_bytes");
    }
    return SealValue(ring.active(), key, value, {}, out);
  };
  std::string rows;
  std::string value;
  RowReader reader(message->rows());
  for (Row row; reader.Next(&row);) {
    value.clear();
    STRATA_RETURN_IF_ERROR(seal(row.key, row.value, &value));
    AppendRow(&rows, {Stored(row.key), row.version, value});
  }
  if (!reader.ok()) return InvalidArgument("what is ingested is not packed rows");
  message->set_rows(std::move(rows));
  for (v1::CommitEvent& event : *message->mutable_commits()) {
    for (v1::Change& change : *event.mutable_changes()) {
      if (change.kind() == v1::Change::KIND_PUT && change.value_version() != 0) {
        value.clear();
        STRATA_RETURN_IF_ERROR(seal(change.key(), change.value(), &value));
        change.set_value(value);
      }
      const bool range = change.kind() == v1::Change::KIND_DELETE_RANGE;
      change.set_key(range ? StoredBegin(change.key()) : Stored(change.key()));
      if (range) change.set_range_end(Stored(change.range_end()));
    }
  }
  return OkStatus();
}

struct BackupSealer::Parts {
  Parts(const storage::Limits& limits_in, storage::ByteSource read_in)
      : limits(limits_in),
        read(std::move(read_in)),
        sink([this](std::string_view bytes) {
          out.append(bytes);
          return OkStatus();
        }),
        reader(read, limits),
        writer(sink) {}

  const storage::Limits limits;
  const storage::ByteSource read;
  std::string out;
  const storage::ByteSink sink;
  storage::BackupReader reader;
  storage::BackupWriter writer;
  std::uint64_t view_version = 0;
  bool ended = false;
};

BackupSealer::BackupSealer(const Keyring& ring, const storage::Limits& limits,
                           storage::ByteSource read)
    : ring_(ring), parts_(std::make_unique<Parts>(limits, std::move(read))) {}

BackupSealer::~BackupSealer() = default;

Result<bool> BackupSealer::Next(std::string* bytes) {
  Parts& parts = *parts_;
  parts.out.clear();
  if (parts.ended) return false;
  if (!parts.writer.begun()) {
    STRATA_ASSIGN_OR_RETURN(const storage::BackupHeader header, parts.reader.Begin());
    parts.view_version = header.view_version;
    STRATA_RETURN_IF_ERROR(parts.writer.Begin(header));
  }
  while (!parts.ended && parts.out.size() < kBackupBytes) {
    storage::ScanChunk plain;
    STRATA_ASSIGN_OR_RETURN(const bool more, parts.reader.Next(&plain));
    if (!more) {
      STRATA_RETURN_IF_ERROR(parts.writer.End());
      parts.ended = true;
      break;
    }
    storage::ScanChunk sealed;
    if (!std::exchange(has_keyring_, true)) {
      AppendRow(&sealed.rows, {kKeyringKey, parts.view_version, ring_.Encode()});
      ++sealed.row_count;
    }
    std::string value;
    RowReader reader(plain.rows);
    for (Row row; reader.Next(&row);) {
      value.clear();
      STRATA_RETURN_IF_ERROR(SealValue(ring_.active(), row.key, row.value, {}, &value));
      AppendRow(&sealed.rows, {Stored(row.key), row.version, value});
      ++sealed.row_count;
      if (sealed.rows.size() < kBlockBytes) continue;
      STRATA_RETURN_IF_ERROR(parts.writer.Rows(sealed));
      sealed = {};
    }
    STRATA_RETURN_IF_ERROR(parts.writer.Rows(sealed));
  }
  *bytes = std::move(parts.out);
  return true;
}

}  // namespace strata::plugins::hosting_encrypted
