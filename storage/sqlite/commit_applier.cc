#include "storage/sqlite/commit_applier.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "core/base/rows.h"
#include "storage/api/validate.h"
#include "storage/sqlite/schema.h"

namespace strata::storage::sqlite {
namespace {

// By CommitApplier::Sql.
constexpr const char* kSql[] = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "INSERT OR REPLACE INTO kv VALUES(?1, ?2, ?3)",
    "DELETE FROM kv WHERE key = ?1",
    "DELETE FROM kv WHERE key >= ?1 AND key < ?2",
    "DELETE FROM kv WHERE key >= ?1",
    "SELECT version FROM kv WHERE key = ?1",
    "SELECT 1 FROM kv WHERE key >= ?1 AND key < ?2 LIMIT 1",
    "SELECT 1 FROM kv WHERE key >= ?1 LIMIT 1",
    "INSERT INTO feed VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    "SELECT id, version, committed_us, total_bytes FROM feed ORDER BY id LIMIT ?1",
    "DELETE FROM feed WHERE id < ?1",
    "SELECT version FROM requests_0 WHERE id = ?1",
    "SELECT version FROM requests_1 WHERE id = ?1",
    "INSERT INTO requests_0 VALUES(?1, ?2)",
    "INSERT INTO requests_1 VALUES(?1, ?2)",
    "INSERT INTO kv VALUES(?1, ?2, ?3) ON CONFLICT(key) DO UPDATE SET version = excluded.version, "
    "value = excluded.value WHERE kv.version <= excluded.version",
    "DELETE FROM kv WHERE key = ?1 AND version <= ?3",
    "DELETE FROM kv WHERE key >= ?1 AND key < ?2 AND version <= ?3",
    "DELETE FROM kv WHERE key >= ?1 AND version <= ?3",
    "UPDATE kv SET value = ?3 WHERE key = ?1 AND version = ?2",
    "UPDATE kv SET value = ?3 WHERE key = ?1 AND version = ?2 AND value = ?4",
    "INSERT OR REPLACE INTO run VALUES(?1, ?2)",
    "INSERT OR REPLACE INTO run VALUES(?1, NULL)",
    "SELECT value IS NULL FROM run WHERE key = ?1",
    "DELETE FROM run WHERE key = ?1",
    "DELETE FROM run WHERE key >= ?1 AND key < ?2",
    "DELETE FROM run WHERE key >= ?1",
    "SELECT key, length(value) FROM run ORDER BY key LIMIT ?1",
    "INSERT OR REPLACE INTO kv SELECT key, ?2, value FROM run WHERE key <= ?1 AND value IS NOT "
    "NULL ORDER BY key",
    "DELETE FROM kv WHERE key IN (SELECT key FROM run WHERE key <= ?1 AND value IS NULL)",
    "DELETE FROM run WHERE key <= ?1",
    "INSERT OR REPLACE INTO meta VALUES('run', ?1)",
    "DELETE FROM meta WHERE name = 'run'",
    "SELECT 1 FROM kv WHERE key >= ?1 AND key < ?2 AND NOT EXISTS (SELECT 1 FROM run WHERE run.key "
    "= kv.key) UNION ALL SELECT 1 FROM run WHERE key >= ?1 AND key < ?2 AND value IS NOT NULL "
    "LIMIT 1",
    "SELECT 1 FROM kv WHERE key >= ?1 AND NOT EXISTS (SELECT 1 FROM run WHERE run.key = kv.key) "
    "UNION ALL SELECT 1 FROM run WHERE key >= ?1 AND value IS NOT NULL LIMIT 1",
};

constexpr int kLogBusyMilliseconds = 100;
// The feed is cut in small steps, each in a transaction that commits need anyway.
constexpr std::uint64_t kTrimEveryBytes = 128 * 1024;

int NoteLogSize(void* frames, sqlite3* /*database*/, const char* /*schema*/, int count) {
  *static_cast<std::uint64_t*>(frames) = static_cast<std::uint64_t>(count);
  return SQLITE_OK;
}

}  // namespace

Status ConditionFails(const Conflict& conflict) {
  return Aborted("precondition " + std::to_string(conflict.precondition) + " does not hold");
}

CommitApplier::CommitApplier(Connection connection, base::Mutex* checkpoint_mutex,
                             const SqliteOptions& options)
    : options_(options), checkpoint_mutex_(checkpoint_mutex), connection_(std::move(connection)) {}

Status CommitApplier::Prepare() {
  sqlite3_busy_timeout(connection_.database(), kLogBusyMilliseconds);
  sqlite3_wal_hook(connection_.database(), NoteLogSize, &log_frames_);
  // The log's file keeps its size when it starts anew: writing over it is cheaper than growing.
  const std::string keep = "PRAGMA journal_size_limit=" + std::to_string(options_.restart_bytes);
  STRATA_RETURN_IF_ERROR(connection_.Execute(keep.c_str()));
  return PrepareAll();
}

Status CommitApplier::Start() {
  STRATA_RETURN_IF_ERROR(ReadState());
  return RecoverRun();
}

// Ends what a large commit has begun: merges it when it was published, else forgets it.
Status CommitApplier::RecoverRun() {
  for (bool more = true; more;) {
    STRATA_RETURN_IF_ERROR(Begin());
    const Status shrunk = ShrinkRun(&more);
    if (!shrunk.ok()) {
      Rollback();
      return shrunk;
    }
    // One log must not hold all of a large run.
    if (log_bytes() >= options_.restart_bytes) STRATA_RETURN_IF_ERROR(RestartLog());
  }
  return OkStatus();
}

Status CommitApplier::PrepareAll() {
  static_assert(std::size(kSql) == kSqlCount);
  for (std::size_t i = 0; i < kSqlCount; ++i) {
    STRATA_ASSIGN_OR_RETURN(statements_[i], connection_.Prepare(kSql[i]));
  }
  return OkStatus();
}

Status CommitApplier::ReadState() {
  STRATA_ASSIGN_OR_RETURN(
      Statement last,
      connection_.Prepare("SELECT id, version, total_bytes FROM feed ORDER BY id DESC LIMIT 1"));
  STRATA_ASSIGN_OR_RETURN(const bool row, last.Step());
  if (!row) return DataLoss("the store has lost its feed");
  state_.last_feed_id = last.Int(0);
  state_.last_version = last.Version(1);
  state_.feed_total = last.Version(2);
  STRATA_ASSIGN_OR_RETURN(const std::int64_t oldest,
                          connection_.QueryInt("SELECT version FROM feed ORDER BY id LIMIT 1"));
  state_.oldest_version = static_cast<Version>(oldest);
  STRATA_ASSIGN_OR_RETURN(const std::string requests, ReadMeta(&connection_, "requests"));
  std::string_view rest = requests;
  std::uint64_t since = 0;
  std::uint64_t table = 0;
  if (TakeVarint(&rest, &table) && TakeVarint(&rest, &since)) {
    state_.requests = table == 0 ? 0 : 1;
    state_.requests_since_us = static_cast<std::int64_t>(since);
  }
  STRATA_ASSIGN_OR_RETURN(
      const std::int64_t run,
      connection_.QueryInt("SELECT ifnull((SELECT value FROM meta WHERE name = 'run'), 0)"));
  state_.run = static_cast<Version>(run);
  durable_ = state_;
  return OkStatus();
}

Status CommitApplier::Begin() {
  now_us_ = options_.clock.wall_us();
  return Get(kBegin).Run();
}

Status CommitApplier::Commit() {
  if (state_.fed_since_trim >= kTrimEveryBytes) STRATA_RETURN_IF_ERROR(TrimFeed());
  STRATA_RETURN_IF_ERROR(Get(kCommit).Run());
  durable_ = state_;
  return OkStatus();
}

void CommitApplier::Rollback() {
  // SQLite may have rolled back by itself, e.g. when the disk is full.
  if (connection_.in_transaction()) static_cast<void>(Get(kRollback).Run());
  // The numbers are not given out again: a commit whose outcome is unknown may still surface.
  const Version number = state_.last_version;
  state_ = durable_;
  state_.last_feed_id = std::max(state_.last_feed_id, static_cast<std::int64_t>(number));
}

Status CommitApplier::Apply(const CommitRequest& request, Conflict* conflict,
                            Result<CommitResult>* outcome) {
  STRATA_ASSIGN_OR_RETURN(const std::optional<Version> known, FindRequest(request.request_id));
  if (known) {
    *outcome = CommitResult{*known, /*replayed=*/true};
    return OkStatus();
  }
  bool holds = true;
  STRATA_RETURN_IF_ERROR(Check(request.preconditions, conflict, &holds));
  if (!holds) {
    *outcome = ConditionFails(*conflict);
    return OkStatus();
  }
  if (request.mutations.empty() && request.more == nullptr) {
    *outcome = CommitResult{state_.last_version};
    return OkStatus();
  }

  // The parts of a commit in the feed take consecutive ids, the first of which is its version.
  const auto version = static_cast<Version>(state_.last_feed_id + 1);
  state_.last_version = version;
  ChangeEncoder changes;
  const auto apply = [&](const Mutation& mutation) {
    return ApplyMutation(mutation, version, &changes);
  };
  for (const Mutation& mutation : request.mutations) STRATA_RETURN_IF_ERROR(apply(mutation));
  if (request.more != nullptr) STRATA_RETURN_IF_ERROR(request.more->Visit(apply));
  STRATA_RETURN_IF_ERROR(AddFeedParts(changes.TakeParts(), /*last=*/true, version));
  STRATA_RETURN_IF_ERROR(AddRequest(request.request_id, version));
  *outcome = CommitResult{version};
  return OkStatus();
}

Status CommitApplier::Check(const std::vector<Precondition>& preconditions, Conflict* conflict,
                            bool* holds) {
  for (std::size_t i = 0; i < preconditions.size() && *holds; ++i) {
    STRATA_RETURN_IF_ERROR(CheckOne(preconditions, i, conflict, holds));
  }
  return OkStatus();
}

Result<bool> CommitApplier::AnyInRange(const KeyRange& range) {
  const bool in_run = state_.run != 0;
  Statement& query = Get(range.end.empty() ? (in_run ? kRunAnyFrom : kAnyFrom)
                                           : (in_run ? kRunAnyInRange : kAnyInRange));
  query.Bind(1, range.begin);
  if (!range.end.empty()) query.Bind(2, range.end);
  const Result<bool> row = query.Step();
  query.Reset();
  return row;
}

Result<std::optional<Version>> CommitApplier::VersionOf(std::string_view key) {
  if (state_.run != 0) {
    Statement& in_run = Get(kRunFind);
    in_run.Bind(1, key);
    const Result<bool> row = in_run.Step();
    const bool deleted = row.ok() && *row && in_run.Int(0) != 0;
    in_run.Reset();
    STRATA_RETURN_IF_ERROR(row.status());
    if (*row) return deleted ? std::nullopt : std::optional<Version>(state_.run);
  }
  Statement& query = Get(kVersionOf);
  query.Bind(1, key);
  const Result<bool> row = query.Step();
  const Version version = row.ok() && *row ? query.Version(0) : 0;
  query.Reset();
  STRATA_RETURN_IF_ERROR(row.status());
  return *row ? std::optional<Version>(version) : std::nullopt;
}

Result<bool> CommitApplier::Holds(const Precondition& condition, Version* found) {
  using Kind = Precondition::Kind;
  if (condition.kind == Kind::kRangeEmpty) {
    STRATA_ASSIGN_OR_RETURN(const bool any, AnyInRange({condition.key, condition.range_end}));
    return !any;
  }
  STRATA_ASSIGN_OR_RETURN(const std::optional<Version> version, VersionOf(condition.key));
  *found = version.value_or(0);
  if (condition.kind == Kind::kKeyAbsent) return !version.has_value();
  return condition.kind == Kind::kKeyPresent ? version.has_value() : *found == condition.version;
}

Status CommitApplier::ApplyMutation(const Mutation& mutation, Version version,
                                    ChangeEncoder* changes) {
  std::string_view key = mutation.key;
  std::string_view value = mutation.value;
  if (mutation.stamp_key_at) {
    key_scratch_.assign(key);
    StampVersion(&key_scratch_, *mutation.stamp_key_at, version);
    key = key_scratch_;
  }
  if (mutation.stamp_value_at) {
    value_scratch_.assign(value);
    StampVersion(&value_scratch_, *mutation.stamp_value_at, version);
    value = value_scratch_;
  }
  changes->Add({mutation.kind, key, mutation.range_end});
  if (changes->HasFull()) {
    STRATA_RETURN_IF_ERROR(AddFeedParts(changes->TakeFull(), /*last=*/false, version));
  }
  const bool is_range = mutation.kind == MutationKind::kDeleteRange;
  if (watch_ && is_range) watch_->TouchAll();
  if (watch_ && !is_range) watch_->Touch(key);
  if (state_.run != 0) {
    STRATA_RETURN_IF_ERROR(is_range ? ForgetInRun(KeyRange{key, mutation.range_end})
                                    : ForgetInRun(key));
  }
  switch (mutation.kind) {
    case MutationKind::kPut:
      return Put(key, value, version);
    case MutationKind::kDelete:
      Get(kDelete).Bind(1, key);
      return Get(kDelete).Run();
    case MutationKind::kDeleteRange:
      break;
  }
  return DeleteRange({key, mutation.range_end});
}

Status CommitApplier::Put(std::string_view key, std::string_view value, Version version) {
  Statement& put = Get(kPut);
  put.Bind(1, key);
  put.Bind(2, version);
  put.Bind(3, value);
  return put.Run();
}

Status CommitApplier::DeleteRange(const KeyRange& range) {
  Statement& remove = Get(range.end.empty() ? kDeleteFrom : kDeleteRange);
  remove.Bind(1, range.begin);
  if (!range.end.empty()) remove.Bind(2, range.end);
  return remove.Run();
}

Result<RestoreResult> CommitApplier::Restore(Version view_version, const NextChunk& next) {
  RestoreResult result;
  Statement& any = Get(kAnyFrom);
  any.Bind(1, std::string_view());
  STRATA_ASSIGN_OR_RETURN(const bool row, any.Step());
  any.Reset();
  if (row) return FailedPrecondition("the store is not empty");
  for (;;) {
    ScanChunk chunk;
    STRATA_ASSIGN_OR_RETURN(const bool more, next(&chunk));
    if (!more) break;
    RowReader reader(chunk.rows);
    for (Row item; reader.Next(&item);) {
      STRATA_RETURN_IF_ERROR(Put(item.key, item.value, item.version));
    }
    result.rows += chunk.row_count;
  }
  const auto next_id = static_cast<Version>(state_.last_feed_id + 1);
  STRATA_RETURN_IF_ERROR(RestartFeed(std::max(next_id, view_version)));
  STRATA_RETURN_IF_ERROR(Commit());
  result.last_version = state_.last_version;
  return result;
}

Status CommitApplier::Checkpoint(int mode) {
  // SQLite does not wait for another checkpoint to end: it answers "busy" at once.
  base::MutexLock lock(*checkpoint_mutex_);
  const int code =
      sqlite3_wal_checkpoint_v2(connection_.database(), nullptr, mode, nullptr, nullptr);
  if (code == SQLITE_OK) {
    log_frames_ = 0;
    return OkStatus();
  }
  return ErrorOf(connection_.database(), "copying the log into the store");
}

Status CommitApplier::RestartLog() { return Checkpoint(SQLITE_CHECKPOINT_RESTART); }

Status CommitApplier::TruncateLog() { return Checkpoint(SQLITE_CHECKPOINT_TRUNCATE); }

}  // namespace strata::storage::sqlite
