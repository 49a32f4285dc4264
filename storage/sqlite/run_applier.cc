// The part of CommitApplier that applies large commits in steps (large_commit.h). While a run is
// published, a row in it stands before the row of the same key in kv; whoever writes the key takes
// it out of the run.
#include <chrono>

#include "storage/sqlite/commit_applier.h"
#include "storage/sqlite/schema.h"

namespace strata::storage::sqlite {
namespace {

constexpr std::size_t kMinStepRows = 256;
constexpr std::size_t kMaxStepRows = 8192;
constexpr std::int64_t kMaxStepBytes = std::int64_t{2} << 20;
// What a step of merging aims to take.
constexpr std::chrono::milliseconds kStepTime{25};

using Clock = std::chrono::steady_clock;

}  // namespace

void CommitApplier::WatchConditions(const std::vector<Precondition>& conditions) {
  watch_.emplace(conditions);
}

Status CommitApplier::CheckOne(const std::vector<Precondition>& conditions, std::size_t index,
                               Conflict* conflict, bool* holds) {
  Version found = 0;
  STRATA_ASSIGN_OR_RETURN(*holds, Holds(conditions[index], &found));
  if (!*holds) *conflict = {static_cast<std::uint32_t>(index), found};
  return OkStatus();
}

Status CommitApplier::StageRun(std::span<const RunRow> rows) {
  for (const RunRow& row : rows) {
    Statement& put = Get(row.value ? kRunPut : kRunPutDeletion);
    put.Bind(1, row.key);
    if (row.value) put.Bind(2, *row.value);
    STRATA_RETURN_IF_ERROR(put.Run());
  }
  return Commit();
}

Status CommitApplier::CheckStale(const CommitRequest& request, Conflict* conflict, bool* holds) {
  if (!watch_) return OkStatus();
  for (const std::size_t i : watch_->Stale()) {
    STRATA_RETURN_IF_ERROR(CheckOne(request.preconditions, i, conflict, holds));
    if (!*holds) return OkStatus();
  }
  return OkStatus();
}

Status CommitApplier::PublishRun(const CommitRequest& request, const RunPublication& run,
                                 Conflict* conflict, Result<CommitResult>* outcome) {
  STRATA_ASSIGN_OR_RETURN(const std::optional<Version> known, FindRequest(request.request_id));
  bool holds = true;
  if (!known) STRATA_RETURN_IF_ERROR(CheckStale(request, conflict, &holds));
  watch_.reset();
  if (known || !holds) {
    if (known) {
      *outcome = CommitResult{*known, /*replayed=*/true};
    } else {
      *outcome = ConditionFails(*conflict);
    }
    return Commit();
  }
  const auto version = static_cast<Version>(state_.last_feed_id + 1);
  state_.last_version = version;
  state_.run = version;
  STRATA_RETURN_IF_ERROR(AddFeedParts(run.feed_parts, /*last=*/false, version));
  ChangeEncoder changes;
  for (const RunPublication::Stamped& row : run.stamped) {
    Mutation mutation;
    mutation.key = row.key;
    mutation.value = row.value;
    mutation.stamp_key_at = row.stamp_key_at;
    STRATA_RETURN_IF_ERROR(ApplyMutation(mutation, version, &changes));
  }
  STRATA_RETURN_IF_ERROR(AddFeedParts(changes.TakeParts(), /*last=*/true, version));
  STRATA_RETURN_IF_ERROR(AddRequest(request.request_id, version));
  Get(kRunBegin).Bind(1, version);
  STRATA_RETURN_IF_ERROR(Get(kRunBegin).Run());
  STRATA_RETURN_IF_ERROR(SetFormat(&connection_, kFormatWithRun));
  *outcome = CommitResult{version};
  return Commit();
}

Status CommitApplier::ForgetInRun(const KeyRange& range) {
  Statement& forget = Get(range.end.empty() ? kRunForgetFrom : kRunForgetRange);
  forget.Bind(1, range.begin);
  if (!range.end.empty()) forget.Bind(2, range.end);
  return forget.Run();
}

Status CommitApplier::ForgetInRun(std::string_view key) {
  Get(kRunForget).Bind(1, key);
  return Get(kRunForget).Run();
}

// The last of the next rows, as many as one step takes. Nothing: the run is empty.
Result<std::optional<std::string>> CommitApplier::NextOfRun() {
  Statement& next = Get(kRunNext);
  next.Bind(1, static_cast<std::int64_t>(run_step_rows_));
  std::optional<std::string> last;
  std::int64_t bytes = 0;
  Result<bool> row = next.Step();
  for (; row.ok() && *row && bytes < kMaxStepBytes; row = next.Step()) {
    last = next.Blob(0);
    bytes += next.Int(1);
  }
  next.Reset();
  STRATA_RETURN_IF_ERROR(row.status());
  return last;
}

Status CommitApplier::MoveRunRows(std::string_view up_to) {
  Statement& move = Get(kRunMove);
  move.Bind(1, up_to);
  move.Bind(2, state_.run);
  STRATA_RETURN_IF_ERROR(move.Run());
  Get(kRunMoveDeletions).Bind(1, up_to);
  return Get(kRunMoveDeletions).Run();
}

Status CommitApplier::ShrinkRun(bool* more) {
  const Clock::time_point start = Clock::now();
  *more = false;
  watch_.reset();
  STRATA_ASSIGN_OR_RETURN(const std::optional<std::string> last, NextOfRun());
  if (last) {
    if (state_.run != 0) STRATA_RETURN_IF_ERROR(MoveRunRows(*last));
    Get(kRunDrop).Bind(1, *last);
    STRATA_RETURN_IF_ERROR(Get(kRunDrop).Run());
  } else if (state_.run != 0) {
    STRATA_RETURN_IF_ERROR(Get(kRunEnd).Run());
    STRATA_RETURN_IF_ERROR(SetFormat(&connection_, kStoredFormat));
    state_.run = 0;
  }
  STRATA_RETURN_IF_ERROR(Commit());
  *more = last.has_value();
  const bool fast = Clock::now() - start < kStepTime;
  run_step_rows_ =
      std::clamp(fast ? run_step_rows_ * 2 : run_step_rows_ / 2, kMinStepRows, kMaxStepRows);
  return OkStatus();
}

}  // namespace strata::storage::sqlite
