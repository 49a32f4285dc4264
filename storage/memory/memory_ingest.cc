// Rows that come with versions of their own: restores, ingested copies, rewritten values.

#include <algorithm>
#include <utility>

#include "core/base/rows.h"
#include "storage/api/backup_format.h"
#include "storage/memory/memory_store.h"

namespace strata::storage::memory {

Result<RestoreResult> MemoryEngine::DoRestore(const BackupHeader& header,
                                              const RestoreSource& next) {
  VersionMap restored;
  RestoreResult result;
  for (;;) {
    ScanChunk chunk;
    STRATA_ASSIGN_OR_RETURN(const bool more, next(&chunk));
    if (!more) break;
    RowReader reader(chunk.rows);
    for (Row row; reader.Next(&row);) {
      restored.Put(row.key, row.version, std::string(row.value));
    }
    result.rows += chunk.row_count;
  }
  base::MutexLock lock(mutex_);
  if (closed_) return Unavailable("the store is closed");
  map_.Collect(last_version_);
  if (map_.key_count() > 0) return FailedPrecondition("the store is not empty");
  map_ = std::move(restored);
  result.last_version = std::max(last_version_ + 1, header.view_version);
  feed_.Reset(result.last_version);
  Publish(result.last_version);
  return result;
}

void MemoryEngine::IngestChange(const Mutation& change, Version commit_version) {
  const Version version = change.version == 0 ? commit_version : change.version;
  switch (change.kind) {
    case MutationKind::kPut:
      map_.Ingest(change.key, version, std::string(change.value));
      return;
    case MutationKind::kDelete:
      map_.Ingest(change.key, version, std::nullopt);
      return;
    case MutationKind::kDeleteRange:
      break;
  }
  std::vector<std::string> keys;
  map_.Visit({change.key, change.range_end}, /*reverse=*/false, kAnyVersion,
             [&](std::string_view key, const auto&) {
               keys.emplace_back(key);
               return true;
             });
  for (const std::string& key : keys) {
    if (version == kAnyVersion) {
      map_.Erase(key);
    } else {
      map_.Ingest(key, version, std::nullopt);
    }
  }
}

// What the sources hold is read once before anything is changed: the second reading cannot fail.
Result<Version> MemoryEngine::DoIngest(const IngestRequest& request) {
  const auto readable = [](const Mutation&) { return OkStatus(); };
  if (request.rows != nullptr) STRATA_RETURN_IF_ERROR(request.rows->Visit(readable));
  for (const IngestCommit& commit : request.commits) {
    STRATA_RETURN_IF_ERROR(commit.changes->Visit(readable));
  }
  base::MutexLock lock(mutex_);
  if (closed_) return Unavailable("the store is closed");
  if (!request.restart_feed && !request.commits.empty() &&
      request.commits.front().version <= last_version_) {
    return FailedPrecondition("the store has commits that are not earlier than those ingested");
  }
  if (request.rows != nullptr) {
    STRATA_RETURN_IF_ERROR(request.rows->Visit([&](const Mutation& row) STRATA_NO_THREAD_ANALYSIS {
      IngestChange(row, request.up_to);
      return OkStatus();
    }));
  }
  for (const IngestCommit& commit : request.commits) {
    ChangeEncoder changes;
    const auto apply = [&](const Mutation& change) STRATA_NO_THREAD_ANALYSIS {
      IngestChange(change, commit.version);
      changes.Add({change.kind, change.key, change.range_end});
      return OkStatus();
    };
    STRATA_RETURN_IF_ERROR(commit.changes->Visit(apply));
    if (!request.restart_feed) {
      feed_.Append(commit.version, commit.committed_us, changes.TakeParts());
    }
  }
  if (request.cursor) ingest_cursor_.assign(*request.cursor);
  const Version last = std::max(last_version_, request.up_to);
  if (request.restart_feed) feed_.Reset(last);
  Publish(last);
  return last;
}

Status MemoryEngine::DoRewrite(std::span<const Replacement> rows,
                               const std::function<void(std::size_t index)>& skipped) {
  base::MutexLock lock(mutex_);
  if (closed_) return Unavailable("the store is closed");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!map_.Rewrite(rows[i])) skipped(i);
  }
  return OkStatus();
}

}  // namespace strata::storage::memory
