#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "storage/api/engine.h"
#include "storage/sqlite/commit_applier.h"
#include "storage/sqlite/options.h"
#include "storage/sqlite/view_pool.h"

namespace strata::storage::sqlite {

// The one thread that writes ("strata-commit"). Commits queue up; it applies all that wait in one
// transaction, makes them durable with one sync, and answers them. Thread-safe.
class GroupWriter {
 public:
  // `log_grew` is called whenever the log has grown by options.checkpoint_bytes.
  GroupWriter(CommitApplier* applier, ViewPool* views, const SqliteOptions& options,
              std::function<void()> log_grew);
  ~GroupWriter() { Stop(); }

  // Blocks until the commit is durable or refused. UNAVAILABLE: stopped. A commit of more than
  // options.large_commit_bytes is carried out in steps, with those of others in between.
  Result<CommitResult> Commit(const CommitRequest& request, Conflict* conflict);

  // These run alone between two groups.
  Result<RestoreResult> Restore(Version view_version, const CommitApplier::NextChunk& next);
  Result<Version> Ingest(const IngestRequest& request);
  Status Rewrite(std::span<const Replacement> rows,
                 const std::function<void(std::size_t index)>& skipped);

  // Waits for a later commit, the end of the time, or Stop.
  Version WaitForCommit(Version after, std::chrono::microseconds timeout);

  Version oldest_feed_version() const { return oldest_.load(std::memory_order_acquire); }
  std::uint64_t groups() const { return groups_.load(std::memory_order_relaxed); }

  // Finishes what is queued and ends the thread. The applier is free afterwards.
  void Stop();

 private:
  struct Job {
    const CommitRequest* request = nullptr;
    Conflict* conflict = nullptr;
    std::function<void()> alone;  // instead of a request
    Result<CommitResult> result = CommitResult{};
    bool done = false;
    base::CondVar finished;
  };
  using Group = std::deque<Job*>;

  Result<CommitResult> CommitWhole(const CommitRequest& request, Conflict* conflict);
  Result<CommitResult> CommitLarge(const CommitRequest& request, Conflict* conflict);
  // Until nothing is left of the large commit before.
  Status EndRun() STRATA_REQUIRES(large_mutex_);
  // Runs `write` in a transaction that it ends itself, or that is taken back. `renews`: it changes
  // what a view shows without a new version.
  Status RunAlone(const std::function<Status()>& write, bool renews);
  bool Enqueue(Job* job) STRATA_EXCLUDES(mutex_);
  void Loop();
  // Moves the next waiting commits to the group, as far as the group has room.
  void TakeWaiting(Group* group, std::uint64_t* bytes) STRATA_REQUIRES(mutex_);
  void WriteGroup(Group* group);
  // False when the transaction has to be taken back.
  Status ApplyGroup(Group* group);
  void WriteAlone(Job* job);
  void Publish();
  void Answer(const Group& group);
  void TendLog();
  bool RestartLog();

  CommitApplier* const applier_;
  ViewPool* const views_;
  const SqliteOptions& options_;
  const std::function<void()> log_grew_;
  std::uint64_t checkpoint_at_;         // the log's size at which it is copied next
  std::uint64_t no_restart_below_ = 0;  // the log's size at which the next restart is tried
  std::atomic<Version> oldest_{0};
  std::atomic<std::uint64_t> groups_{0};

  base::Mutex
      large_mutex_;  // held by whoever carries out a large commit, or what must not meet one
  bool run_left_ STRATA_GUARDED_BY(large_mutex_) = false;

  base::Mutex mutex_;
  base::CondVar work_;
  std::deque<Job*> queue_ STRATA_GUARDED_BY(mutex_);
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;

  base::Mutex published_mutex_;
  base::CondVar published_;
  bool stopped_ STRATA_GUARDED_BY(published_mutex_) = false;

  std::thread thread_;
};

}  // namespace strata::storage::sqlite
