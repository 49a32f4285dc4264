#pragma once

#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "storage/sqlite/io_hook.h"

namespace strata::storage::testing {

// A disk that loses its power at one moment: what was synced is there, and of what was written
// since, any part may be, in any order. The store runs on; what the disk held at that moment can be
// saved as a folder. Thread-safe.
class PowerCut final : public sqlite::IoHook {
 public:
  // Cuts before the write or sync with this number; `at_cut` runs at that moment.
  PowerCut(std::uint32_t seed, int operations, std::function<void()> at_cut)
      : random_(seed), left_(operations), at_cut_(std::move(at_cut)) {}

  sqlite::IoFault OnWrite(sqlite::IoFile file, std::int64_t offset,
                          std::string_view bytes) override {
    base::MutexLock lock(mutex_);
    if (Alive()) Of(file).pending.push_back({static_cast<std::size_t>(offset), std::string(bytes)});
    return sqlite::IoFault::kNone;
  }
  sqlite::IoFault OnTruncate(sqlite::IoFile file, std::int64_t size) override {
    base::MutexLock lock(mutex_);
    if (Alive()) {
      Sync(&Of(file));
      Of(file).durable.resize(static_cast<std::size_t>(size));
    }
    return sqlite::IoFault::kNone;
  }
  sqlite::IoFault OnSync(sqlite::IoFile file) override {
    base::MutexLock lock(mutex_);
    if (Alive()) Sync(&Of(file));
    return sqlite::IoFault::kNone;
  }

  bool has_cut() {
    base::MutexLock lock(mutex_);
    return left_ < 0;
  }

  // What is on the disk when the power is back.
  void Save(const std::string& folder) {
    base::MutexLock lock(mutex_);
    for (Disk* disk : {&data_, &log_}) {
      std::string bytes = disk->durable;
      for (const Write& write : disk->pending) {
        const std::uint32_t fate = random_() % 4;
        if (fate == 0) continue;  // lost
        // A torn write reaches the disk in sectors of 512 bytes.
        const std::size_t size =
            fate == 1 ? write.bytes.size() / 2 / 512 * 512 : write.bytes.size();
        Apply(write.offset, std::string_view(write.bytes).substr(0, size), &bytes);
      }
      const char* name = disk == &data_ ? "/store.db" : "/store.db-wal";
      std::ofstream(folder + name, std::ios::binary) << bytes;
    }
  }

 private:
  struct Write {
    std::size_t offset;
    std::string bytes;
  };
  struct Disk {
    std::string durable;
    std::vector<Write> pending;
  };

  bool Alive() STRATA_REQUIRES(mutex_) {
    if (left_ == 0) at_cut_();
    if (left_ >= 0) --left_;
    return left_ >= 0;
  }
  Disk& Of(sqlite::IoFile file) STRATA_REQUIRES(mutex_) {
    return file == sqlite::IoFile::kData ? data_ : log_;
  }
  static void Apply(std::size_t offset, std::string_view bytes, std::string* to) {
    if (to->size() < offset + bytes.size()) to->resize(offset + bytes.size());
    to->replace(offset, bytes.size(), bytes);
  }
  static void Sync(Disk* disk) {
    for (const Write& write : disk->pending) Apply(write.offset, write.bytes, &disk->durable);
    disk->pending.clear();
  }

  base::Mutex mutex_;
  std::mt19937 random_ STRATA_GUARDED_BY(mutex_);
  int left_ STRATA_GUARDED_BY(mutex_);
  const std::function<void()> at_cut_;
  Disk data_ STRATA_GUARDED_BY(mutex_);
  Disk log_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::storage::testing
