#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "core/base/mutex.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/options.h"
#include "storage/sqlite/view_pool.h"

namespace strata::storage::sqlite {

// The background thread ("strata-tend"): copies the log into the file beside the commits, and ends
// snapshots whose lease is over. Thread-safe.
class Maintenance {
 public:
  // `checkpoint_mutex` is held by whoever copies the log.
  Maintenance(Connection connection, base::Mutex* checkpoint_mutex, ViewPool* views,
              std::function<void()> sweep_leases);
  ~Maintenance() { Stop(); }

  // The log is large enough to be copied.
  void LogGrew();
  std::uint64_t checkpoints() const { return checkpoints_.load(std::memory_order_relaxed); }
  void Stop();

 private:
  void Loop();
  void Checkpoint();

  Connection connection_;
  base::Mutex* const checkpoint_mutex_;
  ViewPool* const views_;
  const std::function<void()> sweep_leases_;
  std::atomic<std::uint64_t> checkpoints_{0};

  base::Mutex mutex_;
  base::CondVar wake_;
  bool log_grew_ STRATA_GUARDED_BY(mutex_) = false;
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace strata::storage::sqlite
