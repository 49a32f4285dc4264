#include "storage/api/engine.h"

#include <algorithm>

#include "storage/api/backup_format.h"
#include "storage/api/validate.h"

namespace strata::storage {

Stats Engine::GetStats() const {
  Stats stats;
  stats.gets = gets_.load(std::memory_order_relaxed);
  stats.scans = scans_.load(std::memory_order_relaxed);
  stats.commits = commits_.load(std::memory_order_relaxed);
  stats.conflicts = conflicts_.load(std::memory_order_relaxed);
  DoStats(&stats);
  return stats;
}

Result<Version> Engine::Get(std::span<const std::string_view> keys, const ReadOptions& options,
                            const EntryVisitor& visit) {
  gets_.fetch_add(1, std::memory_order_relaxed);
  if (keys.size() > limits_.max_get_keys) {
    return InvalidArgument("a Get asks for " + std::to_string(keys.size()) +
                           " keys, max_get_keys is " + std::to_string(limits_.max_get_keys));
  }
  return DoGet(keys, options, visit);
}

Status Engine::Scan(const ScanOptions& options, const ChunkVisitor& visit) {
  scans_.fetch_add(1, std::memory_order_relaxed);
  return DoScan(options, visit);
}

Result<Snapshot> Engine::OpenSnapshot(std::chrono::microseconds lease) {
  if (lease.count() < 0) return InvalidArgument("a lease is negative");
  if (lease.count() == 0) lease = limits_.default_snapshot_lease;
  return DoOpenSnapshot(std::min(lease, limits_.max_snapshot_lease));
}

Status Engine::CloseSnapshot(std::string_view token) { return DoCloseSnapshot(token); }

Result<CommitResult> Engine::Commit(const CommitRequest& request, Conflict* conflict) {
  STRATA_RETURN_IF_ERROR(ValidateCommit(request, limits_));
  Conflict unused;
  Result<CommitResult> result = DoCommit(request, conflict == nullptr ? &unused : conflict);
  if (result.ok()) commits_.fetch_add(1, std::memory_order_relaxed);
  if (result.status().code() == Code::kAborted) conflicts_.fetch_add(1, std::memory_order_relaxed);
  return result;
}

Result<FeedPosition> Engine::ReadFeed(const FeedOptions& options, const FeedVisitor& visit) {
  return DoReadFeed(options, visit);
}

Version Engine::WaitForCommit(Version after, std::chrono::microseconds timeout) {
  return DoWaitForCommit(after, timeout);
}

Status Engine::Backup(const ByteSink& sink, std::int64_t* rows_done) {
  const Description description = DoDescribe();
  BackupWriter writer(sink);
  const auto write = [&](ScanChunk& chunk) -> Status {
    if (!writer.begun()) {
      STRATA_RETURN_IF_ERROR(
          writer.Begin({description.engine, description.store_id, chunk.view_version}));
    }
    if (rows_done != nullptr) *rows_done += chunk.row_count;
    return writer.Rows(chunk);
  };
  STRATA_RETURN_IF_ERROR(Scan(ScanOptions(), write));
  return writer.End();
}

Result<RestoreResult> Engine::Restore(const ByteSource& source) {
  BackupReader reader(source, limits_);
  STRATA_ASSIGN_OR_RETURN(const BackupHeader header, reader.Begin());
  return DoRestore(header, [&reader](ScanChunk* chunk) { return reader.Next(chunk); });
}

Result<Version> Engine::Ingest(const IngestRequest& request) {
  STRATA_RETURN_IF_ERROR(ValidateIngest(request, limits_));
  return DoIngest(request);
}

Status Engine::Rewrite(std::span<const Replacement> rows,
                       const std::function<void(std::size_t index)>& skipped) {
  STRATA_RETURN_IF_ERROR(ValidateRewrite(rows, limits_));
  return rows.empty() ? OkStatus() : DoRewrite(rows, skipped);
}

}  // namespace strata::storage
