#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "storage/sqlite/io_hook.h"
#include "storage/sqlite/log_checksums.h"

struct sqlite3_vfs;

namespace strata::storage::sqlite {

// A SQLite VFS of one store, on top of the system's: seals each page that goes into the data file,
// checks each page that comes from it or from the log (a damaged one is SQLITE_IOERR_DATA), counts
// syncs, and asks the IoHook. Registered while the object lives, which must be longer than any
// connection. Thread-safe.
class StoreVfs {
 public:
  explicit StoreVfs(IoHook* hook);
  ~StoreVfs();
  StoreVfs(const StoreVfs&) = delete;
  StoreVfs& operator=(const StoreVfs&) = delete;

  // Null when SQLite has no VFS to build on or refused the registration.
  const char* name() const;

  std::uint64_t log_syncs() const { return log_syncs_.load(std::memory_order_relaxed); }

  // For the file functions in store_vfs.cc.
  IoHook* hook() const { return hook_; }
  LogChecksums& log() { return log_; }
  void CountSync(IoFile file);
  std::uint32_t page_bytes() const { return page_bytes_.load(std::memory_order_relaxed); }
  void set_page_bytes(std::uint32_t bytes) { page_bytes_.store(bytes, std::memory_order_relaxed); }

 private:
  IoHook* const hook_;
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  LogChecksums log_;
  std::atomic<std::uint32_t> page_bytes_{0};
  std::atomic<std::uint64_t> log_syncs_{0};
};

}  // namespace strata::storage::sqlite
