#include "storage/sqlite/maintenance.h"

#include <pthread.h>
#include <sqlite3.h>

#include <utility>

namespace strata::storage::sqlite {
namespace {

constexpr auto kSweepInterval = std::chrono::seconds(1);

}  // namespace

Maintenance::Maintenance(Connection connection, base::Mutex* checkpoint_mutex, ViewPool* views,
                         std::function<void()> sweep_leases)
    : connection_(std::move(connection)),
      checkpoint_mutex_(checkpoint_mutex),
      views_(views),
      sweep_leases_(std::move(sweep_leases)) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-tend");
    Loop();
  });
}

void Maintenance::LogGrew() {
  base::MutexLock lock(mutex_);
  if (!log_grew_) wake_.NotifyOne();
  log_grew_ = true;
}

void Maintenance::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
  connection_.Close();
}

void Maintenance::Loop() {
  for (;;) {
    bool copy = false;
    {
      base::MutexLock lock(mutex_);
      if (!log_grew_ && !stopping_) wake_.WaitFor(mutex_, kSweepInterval);
      if (stopping_) return;
      copy = std::exchange(log_grew_, false);
    }
    sweep_leases_();
    if (copy) Checkpoint();
  }
}

void Maintenance::Checkpoint() {
  views_->EndIdleViews();
  base::MutexLock lock(*checkpoint_mutex_);
  // What it could not copy because of a reader, or of an error, comes next time: the log has it.
  const int code = sqlite3_wal_checkpoint_v2(connection_.database(), nullptr,
                                             SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code == SQLITE_OK) checkpoints_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace strata::storage::sqlite
