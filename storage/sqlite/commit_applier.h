#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "storage/api/change_codec.h"
#include "storage/api/engine.h"
#include "storage/sqlite/condition_watch.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/options.h"

namespace strata::storage::sqlite {

// A row that a large commit puts, or deletes (no value).
struct RunRow {
  std::string key;
  std::optional<std::string> value;
};

// What is left to do when all rows of a large commit are staged.
struct RunPublication {
  struct Stamped {
    std::string key;
    std::string value;
    std::uint32_t stamp_key_at = 0;
  };
  std::vector<Stamped> stamped;         // rows whose keys hold the commit's version
  std::vector<std::string> feed_parts;  // the changes but those rows, encoded
};

// The connection that writes: applies commits, several of them in one SQLite transaction.
// Single-threaded.
class CommitApplier {
 public:
  // `checkpoint_mutex` is held by whoever copies the log.
  CommitApplier(Connection connection, base::Mutex* checkpoint_mutex, const SqliteOptions& options);

  // Prepares the statements; changes nothing.
  Status Prepare();
  // After Prepare: reads where the store stands.
  Status Start();
  Connection& connection() { return connection_; }

  // Of the last commit that is durable.
  Version last_version() const { return durable_.last_version; }
  Version oldest_feed_version() const { return durable_.oldest_version; }

  Status Begin();
  // Applies one commit inside the transaction. *outcome is its answer: a result, ABORTED with
  // *conflict, and nothing was changed. An error that is returned leaves the transaction broken:
  // Rollback must follow.
  Status Apply(const CommitRequest& request, Conflict* conflict, Result<CommitResult>* outcome);
  // Makes the transaction durable. After an error, Rollback must follow.
  Status Commit();
  void Rollback();

  // Loads rows with the versions they have; ends the transaction. FAILED_PRECONDITION: the store
  // is not empty.
  using NextChunk = std::function<Result<bool>(ScanChunk* chunk)>;
  Result<RestoreResult> Restore(Version view_version, const NextChunk& next);

  // What Engine::Ingest and Engine::Rewrite do; each ends the transaction.
  Result<Version> Ingest(const IngestRequest& request);
  Status Rewrite(std::span<const Replacement> rows,
                 const std::function<void(std::size_t index)>& skipped);

  // Steps of a large commit (large_commit.h). Each ends the transaction, but for the
  // first three. From WatchConditions to PublishRun it is noted which conditions others touch.
  Result<std::optional<Version>> FindRequest(std::string_view id);  // the commit that had it
  void WatchConditions(const std::vector<Precondition>& conditions);
  Status CheckOne(const std::vector<Precondition>& conditions, std::size_t index,
                  Conflict* conflict, bool* holds);
  Status StageRun(std::span<const RunRow> rows);
  Status PublishRun(const CommitRequest& request, const RunPublication& run, Conflict* conflict,
                    Result<CommitResult>* outcome);
  // Merges the next rows of the published run into the others, or drops those of one that was
  // not published. *more: there may be more.
  Status ShrinkRun(bool* more);

  // Copies the log into the file and lets the log start anew. UNAVAILABLE: a reader needs it.
  Status RestartLog();
  // The same, and empties it: at the end.
  Status TruncateLog();

  // Size of the log after the last commit.
  std::uint64_t log_bytes() const { return log_frames_ * options_.page_bytes; }

 private:
  enum Sql {
    kBegin,
    kCommit,
    kRollback,
    kPut,
    kDelete,
    kDeleteRange,
    kDeleteFrom,
    kVersionOf,
    kAnyInRange,
    kAnyFrom,
    kFeedInsert,
    kFeedOldest,
    kFeedDelete,
    kFindRequest0,
    kFindRequest1,
    kAddRequest0,
    kAddRequest1,
    kIngestPut,
    kIngestDelete,
    kIngestDeleteRange,
    kIngestDeleteFrom,
    kRewrite,
    kRewriteExpected,
    kRunPut,
    kRunPutDeletion,
    kRunFind,
    kRunForget,
    kRunForgetRange,
    kRunForgetFrom,
    kRunNext,
    kRunMove,
    kRunMoveDeletions,
    kRunDrop,
    kRunBegin,
    kRunEnd,
    kRunAnyInRange,
    kRunAnyFrom,
    kSqlCount
  };
  // What a rollback takes back.
  struct State {
    Version last_version = 0;
    std::int64_t last_feed_id = 0;
    Version oldest_version = 0;
    std::uint64_t feed_total = 0;
    std::uint64_t fed_since_trim = 0;
    int requests = 0;  // the table that takes new ids
    std::int64_t requests_since_us = 0;
    Version run = 0;  // the commit whose rows are not merged yet
  };

  Status PrepareAll();
  Status ReadState();
  Status RecoverRun();
  Statement& Get(Sql sql) { return statements_[static_cast<std::size_t>(sql)]; }
  Status AddRequest(std::string_view id, Version version);
  Status RotateRequests(std::int64_t now_us);
  Status Check(const std::vector<Precondition>& preconditions, Conflict* conflict, bool* holds);
  Result<bool> Holds(const Precondition& condition, Version* found);
  Result<bool> AnyInRange(const KeyRange& range);
  Result<std::optional<Version>> VersionOf(std::string_view key);
  Status CheckStale(const CommitRequest& request, Conflict* conflict, bool* holds);
  Status ForgetInRun(std::string_view key);
  Status ForgetInRun(const KeyRange& range);
  Result<std::optional<std::string>> NextOfRun();
  Status MoveRunRows(std::string_view up_to);
  Status ApplyMutation(const Mutation& mutation, Version version, ChangeEncoder* changes);
  Status Put(std::string_view key, std::string_view value, Version version);
  Status DeleteRange(const KeyRange& range);
  Status IngestChange(const Mutation& change, Version version);
  Status IngestOne(const IngestCommit& commit, bool into_feed);
  Status RestartFeed(Version version);
  Status AddFeedParts(const std::vector<std::string>& parts, bool last, Version version);
  Status TrimFeed();
  Status Checkpoint(int mode);

  const SqliteOptions& options_;
  base::Mutex* const checkpoint_mutex_;
  Connection connection_;
  std::array<Statement, kSqlCount> statements_;
  State state_;    // with what the open transaction has done
  State durable_;  // as of the last commit of one
  std::int64_t now_us_ = 0;
  std::uint64_t log_frames_ = 0;
  std::optional<ConditionWatch> watch_;  // of the large commit under way
  std::size_t run_step_rows_ = 1024;
  std::string key_scratch_;
  std::string value_scratch_;
};

// The answer to a commit one of whose preconditions does not hold.
Status ConditionFails(const Conflict& conflict);

}  // namespace strata::storage::sqlite
