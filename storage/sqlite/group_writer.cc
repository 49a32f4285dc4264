#include "storage/sqlite/group_writer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "storage/api/validate.h"
#include "storage/sqlite/large_commit.h"

namespace strata::storage::sqlite {
namespace {

// A group ends here, so that the first of it does not wait for ever and the cache holds it.
constexpr std::size_t kGroupCommits = 1024;
constexpr std::uint64_t kGroupBytes = std::uint64_t{4} << 20;

std::uint64_t SizeOf(const CommitRequest& request) {
  std::uint64_t bytes = request.more == nullptr ? 0 : request.more->SizeBytes();
  for (const Mutation& mutation : request.mutations) bytes += MutationBytes(mutation);
  return bytes;
}

}  // namespace

GroupWriter::GroupWriter(CommitApplier* applier, ViewPool* views, const SqliteOptions& options,
                         std::function<void()> log_grew)
    : applier_(applier),
      views_(views),
      options_(options),
      log_grew_(std::move(log_grew)),
      checkpoint_at_(options.checkpoint_bytes) {
  Publish();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-commit");
    Loop();
  });
}

bool GroupWriter::Enqueue(Job* job) {
  base::MutexLock lock(mutex_);
  if (stopping_) return false;
  queue_.push_back(job);
  if (queue_.size() == 1) work_.NotifyOne();
  while (!job->done) job->finished.Wait(mutex_);
  return true;
}

Result<CommitResult> GroupWriter::Commit(const CommitRequest& request, Conflict* conflict) {
  const bool large = SizeOf(request) > options_.large_commit_bytes;
  return large ? CommitLarge(request, conflict) : CommitWhole(request, conflict);
}

Result<CommitResult> GroupWriter::CommitLarge(const CommitRequest& request, Conflict* conflict) {
  base::MutexLock lock(large_mutex_);
  STRATA_RETURN_IF_ERROR(EndRun());
  const auto run_step = [this](const std::function<Status()>& step) {
    return RunAlone(step, /*renews=*/false);
  };
  run_left_ = true;
  bool applied = false;
  LargeCommit commit(applier_, run_step, request);
  Result<CommitResult> result = commit.Run(conflict, &applied);
  // The commit is what it is: rows that cannot be merged now are merged later.
  static_cast<void>(EndRun());
  if (result.ok() && !applied) return CommitWhole(request, conflict);
  return result;
}

Status GroupWriter::EndRun() {
  while (run_left_) {
    bool more = false;
    STRATA_RETURN_IF_ERROR(RunAlone([&] { return applier_->ShrinkRun(&more); }, /*renews=*/false));
    run_left_ = more;
    // Readers see the same as before, but need not look at two places any more.
    if (!more) views_->Renew();
  }
  return OkStatus();
}

Result<CommitResult> GroupWriter::CommitWhole(const CommitRequest& request, Conflict* conflict) {
  Job job;
  job.request = &request;
  job.conflict = conflict;
  if (!Enqueue(&job)) return Unavailable("the store is closed");
  return std::move(job.result);
}

Status GroupWriter::RunAlone(const std::function<Status()>& write, bool renews) {
  Status status;
  Job job;
  job.alone = [&] {
    status = applier_->Begin();
    if (status.ok()) status = write();
    if (!status.ok()) applier_->Rollback();
    if (renews) views_->Renew();
  };
  return Enqueue(&job) ? status : Unavailable("the store is closed");
}

Result<RestoreResult> GroupWriter::Restore(Version view_version,
                                           const CommitApplier::NextChunk& next) {
  base::MutexLock lock(large_mutex_);
  STRATA_RETURN_IF_ERROR(EndRun());
  Result<RestoreResult> result = RestoreResult{};
  STRATA_RETURN_IF_ERROR(RunAlone(
      [&] {
        result = applier_->Restore(view_version, next);
        return result.status();
      },
      /*renews=*/false));
  return result;
}

Result<Version> GroupWriter::Ingest(const IngestRequest& request) {
  base::MutexLock lock(large_mutex_);
  STRATA_RETURN_IF_ERROR(EndRun());
  Result<Version> result = Version{0};
  STRATA_RETURN_IF_ERROR(RunAlone(
      [&] {
        result = applier_->Ingest(request);
        return result.status();
      },
      /*renews=*/request.restart_feed));
  return result;
}

Status GroupWriter::Rewrite(std::span<const Replacement> rows,
                            const std::function<void(std::size_t index)>& skipped) {
  base::MutexLock lock(large_mutex_);
  STRATA_RETURN_IF_ERROR(EndRun());
  return RunAlone([&] { return applier_->Rewrite(rows, skipped); }, /*renews=*/true);
}

Version GroupWriter::WaitForCommit(Version after, std::chrono::microseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  base::MutexLock lock(published_mutex_);
  while (views_->last_version() <= after && !stopped_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0) break;
    published_.WaitFor(published_mutex_, left);
  }
  return views_->last_version();
}

void GroupWriter::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    work_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
  base::MutexLock lock(published_mutex_);
  stopped_ = true;
  published_.NotifyAll();
}

void GroupWriter::TakeWaiting(Group* group, std::uint64_t* bytes) {
  while (!queue_.empty() && group->size() < kGroupCommits && *bytes < kGroupBytes) {
    Job* job = queue_.front();
    const bool alone = job->request == nullptr;
    if (alone && !group->empty()) return;
    queue_.pop_front();
    group->push_back(job);
    if (alone) return;
    *bytes += SizeOf(*job->request);
  }
}

void GroupWriter::Loop() {
  for (;;) {
    Group group;
    {
      base::MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) work_.Wait(mutex_);
      if (queue_.empty()) return;
      if (queue_.front()->request == nullptr) {
        group.push_back(queue_.front());
        queue_.pop_front();
      }
    }
    if (group.empty()) {
      WriteGroup(&group);
    } else {
      group.front()->alone();
    }
    Publish();
    Answer(group);
    TendLog();
  }
}

void GroupWriter::WriteGroup(Group* group) {
  const Status written = ApplyGroup(group);
  if (written.ok()) {
    groups_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  applier_->Rollback();
  if (group->size() == 1) {
    group->front()->result = written;
    return;
  }
  // One of them broke the transaction of all: each gets one of its own, and its own answer.
  for (Job* job : *group) WriteAlone(job);
}

Status GroupWriter::ApplyGroup(Group* group) {
  std::uint64_t bytes = 0;
  {
    base::MutexLock lock(mutex_);
    TakeWaiting(group, &bytes);
  }
  STRATA_RETURN_IF_ERROR(applier_->Begin());
  for (std::size_t i = 0; i < group->size(); ++i) {
    Job* job = (*group)[i];
    STRATA_RETURN_IF_ERROR(applier_->Apply(*job->request, job->conflict, &job->result));
    if (i + 1 < group->size()) continue;
    // Who has come in the meantime can still join.
    base::MutexLock lock(mutex_);
    if (!queue_.empty() && queue_.front()->request != nullptr) TakeWaiting(group, &bytes);
  }
  return applier_->Commit();
}

void GroupWriter::WriteAlone(Job* job) {
  Status written = applier_->Begin();
  if (written.ok()) written = applier_->Apply(*job->request, job->conflict, &job->result);
  if (written.ok()) written = applier_->Commit();
  if (written.ok()) {
    groups_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  applier_->Rollback();
  job->result = written;
}

void GroupWriter::Publish() {
  oldest_.store(applier_->oldest_feed_version(), std::memory_order_release);
  base::MutexLock lock(published_mutex_);
  views_->Publish(applier_->last_version());
  published_.NotifyAll();
}

void GroupWriter::Answer(const Group& group) {
  base::MutexLock lock(mutex_);
  for (Job* job : group) {
    job->done = true;
    job->finished.NotifyOne();
  }
}

// Waits for the reads that are under way, for a short time.
bool GroupWriter::RestartLog() {
  views_->SetLogRestarts(true);
  const bool restarted = applier_->RestartLog().ok();
  views_->SetLogRestarts(false);
  return restarted;
}

// Keeps the log bounded: the background thread copies it into the file, but only a writer that
// pauses lets it start anew.
void GroupWriter::TendLog() {
  std::uint64_t log = applier_->log_bytes();
  if (log >= std::max(options_.restart_bytes, no_restart_below_)) {
    if (log >= options_.expire_bytes) views_->EndOldViews();
    // A view that is held needs the log: try again when it has grown some more.
    const bool restarted = !views_->HasOldViews() && RestartLog();
    no_restart_below_ = restarted ? 0 : log + options_.restart_bytes / 4;
    log = applier_->log_bytes();
  }
  // Told again only when it has grown by as much again: each checkpoint costs two syncs.
  if (log < checkpoint_at_)
    checkpoint_at_ = std::min(checkpoint_at_, log + options_.checkpoint_bytes);
  if (log >= checkpoint_at_) {
    checkpoint_at_ = log + options_.checkpoint_bytes;
    log_grew_();
  }
}

}  // namespace strata::storage::sqlite
