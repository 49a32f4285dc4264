// The part of CommitApplier that takes over what another store holds.
#include <sqlite3.h>

#include <algorithm>
#include <limits>

#include "storage/sqlite/commit_applier.h"
#include "storage/sqlite/schema.h"

namespace strata::storage::sqlite {

Status CommitApplier::IngestChange(const Mutation& change, Version commit_version) {
  constexpr auto kGreatest = static_cast<Version>(std::numeric_limits<std::int64_t>::max());
  const Version version =
      std::min(change.version == 0 ? commit_version : change.version, kGreatest);
  if (change.kind == MutationKind::kPut) {
    Statement& put = Get(kIngestPut);
    put.Bind(1, change.key);
    put.Bind(2, version);
    put.Bind(3, change.value);
    return put.Run();
  }
  const bool range = change.kind == MutationKind::kDeleteRange;
  Statement& remove = Get(!range                     ? kIngestDelete
                          : change.range_end.empty() ? kIngestDeleteFrom
                                                     : kIngestDeleteRange);
  remove.Bind(1, change.key);
  if (range && !change.range_end.empty()) remove.Bind(2, change.range_end);
  remove.Bind(3, version);
  return remove.Run();
}

Status CommitApplier::IngestOne(const IngestCommit& commit, bool into_feed) {
  // Ids run ahead of versions where the other store numbers its commits without gaps.
  state_.last_feed_id =
      std::max(state_.last_feed_id, static_cast<std::int64_t>(commit.version) - 1);
  ChangeEncoder changes;
  const auto apply = [&](const Mutation& change) -> Status {
    STRATA_RETURN_IF_ERROR(IngestChange(change, commit.version));
    if (!into_feed) return OkStatus();
    changes.Add({change.kind, change.key, change.range_end});
    if (!changes.HasFull()) return OkStatus();
    return AddFeedParts(changes.TakeFull(), /*last=*/false, commit.version);
  };
  STRATA_RETURN_IF_ERROR(commit.changes->Visit(apply));
  if (!into_feed) return OkStatus();
  return AddFeedParts(changes.TakeParts(), /*last=*/true, commit.version);
}

Status CommitApplier::RestartFeed(Version version) {
  state_.last_feed_id = std::max(state_.last_feed_id, static_cast<std::int64_t>(version) - 1);
  STRATA_RETURN_IF_ERROR(AddFeedParts({""}, /*last=*/true, version));
  Get(kFeedDelete).Bind(1, state_.last_feed_id);
  STRATA_RETURN_IF_ERROR(Get(kFeedDelete).Run());
  state_.last_version = version;
  state_.oldest_version = version;
  return OkStatus();
}

Result<Version> CommitApplier::Ingest(const IngestRequest& request) {
  if (!request.restart_feed && !request.commits.empty() &&
      request.commits.front().version <= state_.last_version) {
    return FailedPrecondition("the store has commits that are not earlier than those ingested");
  }
  if (request.rows != nullptr) {
    STRATA_RETURN_IF_ERROR(
        request.rows->Visit([&](const Mutation& row) { return IngestChange(row, request.up_to); }));
  }
  for (const IngestCommit& commit : request.commits) {
    now_us_ = commit.committed_us;
    STRATA_RETURN_IF_ERROR(IngestOne(commit, !request.restart_feed));
    if (!request.restart_feed) state_.last_version = commit.version;
  }
  now_us_ = options_.clock.wall_us();
  const Version last = std::max(state_.last_version, request.up_to);
  if (request.restart_feed) {
    STRATA_RETURN_IF_ERROR(RestartFeed(last));
  } else if (last > state_.last_version) {
    // Nothing changed since its last commit, but the number is to stay after a restart.
    state_.last_feed_id = std::max(state_.last_feed_id, static_cast<std::int64_t>(last) - 1);
    STRATA_RETURN_IF_ERROR(AddFeedParts({""}, /*last=*/true, last));
    state_.last_version = last;
  }
  if (request.cursor) {
    STRATA_RETURN_IF_ERROR(WriteMeta(&connection_, "ingest_cursor", *request.cursor));
  }
  STRATA_RETURN_IF_ERROR(Commit());
  return last;
}

Status CommitApplier::Rewrite(std::span<const Replacement> rows,
                              const std::function<void(std::size_t index)>& skipped) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Replacement& row = rows[i];
    Statement& update = Get(row.expected ? kRewriteExpected : kRewrite);
    update.Bind(1, row.key);
    update.Bind(2, row.version);
    update.Bind(3, row.value);
    if (row.expected) update.Bind(4, *row.expected);
    STRATA_RETURN_IF_ERROR(update.Run());
    if (sqlite3_changes(connection_.database()) == 0) skipped(i);
  }
  return Commit();
}

}  // namespace strata::storage::sqlite
