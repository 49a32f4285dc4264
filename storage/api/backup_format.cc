#include "storage/api/backup_format.h"

#include "core/base/rows.h"
#include "storage/api/crc32c.h"

namespace strata::storage {
namespace {

// Block: type (1 byte), payload size (4), CRC-32C of type, size and payload (4), payload.
constexpr std::size_t kBlockHead = 9;
constexpr std::size_t kMaxPayload = 16 * 1024 * 1024;

void AppendFixed32(std::string* out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

std::uint32_t Fixed32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

Status Damaged(const char* what) { return DataLoss(std::string("the backup is damaged: ") + what); }

}  // namespace

Status BackupWriter::Block(BackupBlock type, std::string_view payload) {
  std::string head(1, static_cast<char>(type));
  AppendFixed32(&head, static_cast<std::uint32_t>(payload.size()));
  AppendFixed32(&head, Crc32c(payload, Crc32c(head)));
  stream_crc_ = Crc32c(payload, Crc32c(head, stream_crc_));
  STRATA_RETURN_IF_ERROR(sink_(head));
  return sink_(payload);
}

Status BackupWriter::Begin(const BackupHeader& header) {
  begun_ = true;
  stream_crc_ = Crc32c(kBackupMagic);
  STRATA_RETURN_IF_ERROR(sink_(kBackupMagic));
  std::string payload;
  AppendBytes(&payload, header.engine);
  AppendBytes(&payload, header.store_id);
  AppendVarint(&payload, header.view_version);
  return Block(BackupBlock::kHeader, payload);
}

Status BackupWriter::Rows(const ScanChunk& chunk) {
  if (chunk.row_count == 0) return OkStatus();
  rows_ += chunk.row_count;
  return Block(BackupBlock::kRows, chunk.rows);
}

Status BackupWriter::End() {
  std::string payload;
  AppendVarint(&payload, rows_);
  AppendFixed32(&payload, stream_crc_);
  return Block(BackupBlock::kEnd, payload);
}

Status BackupReader::Fill(std::size_t size) {
  while (buffer_.size() - at_ < size) {
    STRATA_ASSIGN_OR_RETURN(const std::string_view bytes, source_());
    if (bytes.empty()) return Damaged("it ends too early");
    buffer_.erase(0, at_);
    at_ = 0;
    buffer_.append(bytes);
  }
  return OkStatus();
}

Result<BackupBlock> BackupReader::NextBlock(std::string_view* payload) {
  STRATA_RETURN_IF_ERROR(Fill(kBlockHead));
  const std::size_t size = Fixed32(std::string_view(buffer_).substr(at_ + 1, 4));
  if (size > kMaxPayload) return Damaged("a block is too large");
  STRATA_RETURN_IF_ERROR(Fill(kBlockHead + size));
  const std::string_view head = std::string_view(buffer_).substr(at_, kBlockHead);
  *payload = std::string_view(buffer_).substr(at_ + kBlockHead, size);
  if (Crc32c(*payload, Crc32c(head.substr(0, 5))) != Fixed32(head.substr(5))) {
    return Damaged("the checksum of a block is wrong");
  }
  stream_crc_ = Crc32c(*payload, Crc32c(head, stream_crc_));
  at_ += kBlockHead + size;
  return static_cast<BackupBlock>(head[0]);
}

Result<BackupHeader> BackupReader::Begin() {
  const Status filled = Fill(kBackupMagic.size());
  if (!filled.ok() && filled.code() != Code::kDataLoss) return filled;
  if (!filled.ok() || std::string_view(buffer_).substr(0, kBackupMagic.size()) != kBackupMagic) {
    return InvalidArgument("this is not a Strata backup, or one of a later format");
  }
  at_ = kBackupMagic.size();
  stream_crc_ = Crc32c(kBackupMagic);
  std::string_view payload;
  STRATA_ASSIGN_OR_RETURN(const BackupBlock type, NextBlock(&payload));
  BackupHeader header;
  std::string_view engine;
  std::string_view store_id;
  if (type != BackupBlock::kHeader || !TakeBytes(&payload, &engine) ||
      !TakeBytes(&payload, &store_id) || !TakeVarint(&payload, &header.view_version)) {
    return Damaged("its header cannot be read");
  }
  header.engine = engine;
  header.store_id = store_id;
  view_version_ = header.view_version;
  return header;
}

Result<bool> BackupReader::Next(ScanChunk* chunk) {
  const std::uint32_t crc_before = stream_crc_;
  std::string_view payload;
  STRATA_ASSIGN_OR_RETURN(const BackupBlock type, NextBlock(&payload));
  if (type == BackupBlock::kEnd) {
    STRATA_RETURN_IF_ERROR(CheckEnd(payload, crc_before));
    return false;
  }
  if (type != BackupBlock::kRows) return Damaged("a block of an unknown type");
  chunk->rows.assign(payload);
  STRATA_RETURN_IF_ERROR(CheckRows(chunk));
  rows_ += chunk->row_count;
  return true;
}

Status BackupReader::CheckRows(ScanChunk* chunk) {
  chunk->row_count = 0;
  RowReader reader(chunk->rows);
  for (Row row; reader.Next(&row); ++chunk->row_count) {
    if (row.key.empty() || row.key.size() > limits_.max_key_bytes ||
        row.value.size() > limits_.max_value_bytes || row.version == 0) {
      return InvalidArgument("a row of the backup is outside the limits of this store");
    }
    if (row.key <= last_key_) return Damaged("its keys are not in order");
    if (row.version > view_version_) return Damaged("a row is newer than the whole");
    last_key_.assign(row.key);
  }
  return reader.ok() ? OkStatus() : Damaged("a row cannot be read");
}

Status BackupReader::CheckEnd(std::string_view payload, std::uint32_t crc_before) {
  std::uint64_t rows = 0;
  if (!TakeVarint(&payload, &rows) || payload.size() != 4) return Damaged("its end is not valid");
  if (rows != rows_) return Damaged("rows are missing");
  if (Fixed32(payload) != crc_before) return Damaged("the checksum of the whole is wrong");
  STRATA_ASSIGN_OR_RETURN(const std::string_view trailing, source_());
  if (at_ != buffer_.size() || !trailing.empty()) return Damaged("bytes follow its end");
  return OkStatus();
}

}  // namespace strata::storage
