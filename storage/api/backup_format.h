#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "storage/api/types.h"

// The portable backup stream, documented byte by byte in storage/FORMAT.md.
namespace strata::storage {

// Stored: never renumber.
enum class BackupBlock : std::uint8_t { kHeader = 1, kRows = 2, kEnd = 3 };

inline constexpr std::string_view kBackupMagic = "STRATAB1";

struct BackupHeader {
  std::string engine;
  std::string store_id;  // of the store that was copied
  Version view_version = 0;
};

// Writes one backup: Begin, Rows..., End. Errors are the sink's. Single-threaded.
class BackupWriter {
 public:
  explicit BackupWriter(const ByteSink& sink) : sink_(sink) {}

  bool begun() const { return begun_; }
  Status Begin(const BackupHeader& header);
  Status Rows(const ScanChunk& chunk);
  Status End();

 private:
  Status Block(BackupBlock type, std::string_view payload);

  const ByteSink& sink_;
  bool begun_ = false;
  std::uint32_t stream_crc_ = 0;
  std::uint64_t rows_ = 0;
};

// Reads one backup: Begin, then Next until it answers false. Never trusts a byte that its block's
// checksum has not covered. Single-threaded.
class BackupReader {
 public:
  BackupReader(const ByteSource& source, const Limits& limits) : source_(source), limits_(limits) {}

  // INVALID_ARGUMENT: this is no backup, or one of a later format; DATA_LOSS: damaged.
  Result<BackupHeader> Begin();
  // True with rows in key order; false at the end, when count and checksum of the whole agree.
  // DATA_LOSS: damaged or cut off.
  Result<bool> Next(ScanChunk* chunk);

 private:
  Status Fill(std::size_t size);
  Result<BackupBlock> NextBlock(std::string_view* payload);
  Status CheckRows(ScanChunk* chunk);  // and counts them
  Status CheckEnd(std::string_view payload, std::uint32_t crc_before);

  const ByteSource& source_;
  const Limits& limits_;
  std::string buffer_;
  std::size_t at_ = 0;  // of the next unread byte in buffer_
  std::uint32_t stream_crc_ = 0;
  std::uint64_t rows_ = 0;
  std::string last_key_;
  Version view_version_ = 0;
};

}  // namespace strata::storage
