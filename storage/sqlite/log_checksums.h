#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"

namespace strata::storage::sqlite {

// Checksums of the pages in the write-ahead log, kept in memory: SQLite checks the log's own only
// when it recovers, not when it reads a page from it. 8 bytes for each page of a log that is kept
// small. Thread-safe. Layout of the log: sqlite.org/fileformat2.html#walformat.
class LogChecksums {
 public:
  // Notes what was written. A write that failed makes the pages it touched unknown.
  void Wrote(std::int64_t offset, std::string_view bytes, bool ok);
  // False when a page is read that is not what was written. The first reading of a page, which is
  // SQLite's recovery, is noted instead.
  bool Check(std::int64_t offset, std::string_view bytes);
  void Truncated(std::int64_t size);
  // Another instance writes the log: nothing is noted or found to be wrong, until this one has it.
  // The pages that are in it then are noted when they are read first.
  void LeaveToOther();
  void TakeOver(std::int64_t page_bytes);

 private:
  // The frame whose page are these bytes (or the end of these bytes), or -1.
  std::int64_t FrameOf(std::int64_t offset, std::string_view* bytes) const STRATA_REQUIRES(mutex_);
  void Forget(std::int64_t offset, std::int64_t size) STRATA_REQUIRES(mutex_);

  base::Mutex mutex_;
  bool others_ STRATA_GUARDED_BY(mutex_) = false;
  std::int64_t page_bytes_ STRATA_GUARDED_BY(mutex_) = 0;
  std::vector<std::uint64_t> frames_ STRATA_GUARDED_BY(mutex_);  // CRC-32C + 1; 0: unknown
};

}  // namespace strata::storage::sqlite
