// What a commit leaves beside its rows: its part of the feed, and the id of its request.

#include <sqlite3.h>

#include "core/base/rows.h"
#include "storage/sqlite/commit_applier.h"
#include "storage/sqlite/schema.h"

namespace strata::storage::sqlite {
namespace {

constexpr std::uint64_t kFeedRowOverhead = 24;
constexpr std::int64_t kTrimRows = 4096;

}  // namespace

Status CommitApplier::AddFeedParts(const std::vector<std::string>& parts, bool last,
                                   Version version) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::uint64_t bytes = parts[i].size() + kFeedRowOverhead;
    state_.feed_total += bytes;
    state_.fed_since_trim += bytes;
    Statement& insert = Get(kFeedInsert);
    insert.Bind(1, ++state_.last_feed_id);
    insert.Bind(2, version);
    insert.Bind(3, now_us_);
    insert.Bind(4, std::int64_t{last && i + 1 == parts.size() ? 0 : 1});
    insert.Bind(5, state_.feed_total);
    insert.Bind(6, parts[i]);
    STRATA_RETURN_IF_ERROR(insert.Run());
  }
  return OkStatus();
}

// Deletes the oldest commits that are too old, or too many; the newest one that is deleted stays as
// a row, to say where the feed begins.
Status CommitApplier::TrimFeed() {
  state_.fed_since_trim = 0;
  Statement& oldest = Get(kFeedOldest);
  oldest.Bind(1, kTrimRows);
  std::int64_t keep_from = -1;
  Version version = state_.oldest_version;
  Result<bool> row = oldest.Step();
  for (; row.ok() && *row; row = oldest.Step()) {
    const bool old = oldest.Int(2) < now_us_ - options_.feed_age.count();
    const bool much = state_.feed_total - oldest.Version(3) > options_.feed_bytes;
    if (!old && !much) break;
    keep_from = oldest.Int(0);
    version = oldest.Version(1);
  }
  oldest.Reset();
  STRATA_RETURN_IF_ERROR(row.status());
  if (keep_from < 0) return OkStatus();
  Get(kFeedDelete).Bind(1, keep_from);
  STRATA_RETURN_IF_ERROR(Get(kFeedDelete).Run());
  state_.oldest_version = version;
  return OkStatus();
}

Result<std::optional<Version>> CommitApplier::FindRequest(std::string_view id) {
  if (id.empty()) return std::optional<Version>();
  for (const Sql sql : {kFindRequest0, kFindRequest1}) {
    Statement& find = Get(sql);
    find.Bind(1, id);
    Result<bool> row = find.Step();
    const Version version = row.ok() && *row ? find.Version(0) : 0;
    find.Reset();
    STRATA_RETURN_IF_ERROR(row.status());
    if (*row) return std::optional<Version>(version);
  }
  return std::optional<Version>();
}

Status CommitApplier::AddRequest(std::string_view id, Version version) {
  if (id.empty()) return OkStatus();
  if (now_us_ - state_.requests_since_us > options_.request_id_age.count()) {
    STRATA_RETURN_IF_ERROR(RotateRequests(now_us_));
  }
  Statement& add = Get(state_.requests == 0 ? kAddRequest0 : kAddRequest1);
  add.Bind(1, id);
  add.Bind(2, version);
  return add.Run();
}

// Two tables take turns: when the one that is being filled is old enough, the other one, all of
// whose ids are older still, is emptied and filled next.
Status CommitApplier::RotateRequests(std::int64_t now_us) {
  state_.requests = 1 - state_.requests;
  state_.requests_since_us = now_us;
  const char* empty = state_.requests == 0 ? "DELETE FROM requests_0" : "DELETE FROM requests_1";
  STRATA_RETURN_IF_ERROR(connection_.Execute(empty));
  std::string meta;
  AppendVarint(&meta, static_cast<std::uint64_t>(state_.requests));
  AppendVarint(&meta, static_cast<std::uint64_t>(now_us));
  return WriteMeta(&connection_, "requests", meta);
}

}  // namespace strata::storage::sqlite
