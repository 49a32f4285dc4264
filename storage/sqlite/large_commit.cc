#include "storage/sqlite/large_commit.h"

#include <algorithm>
#include <utility>

namespace strata::storage::sqlite {
namespace {

// Of one step: what others wait for at most.
constexpr std::size_t kStepRows = 4096;
constexpr std::size_t kStepBytes = std::size_t{1} << 20;
constexpr std::size_t kStepConditions = 1024;
// Changes for the feed are kept in memory until the end; a commit with more is done in one piece.
constexpr std::uint64_t kMaxFeedBytes = std::uint64_t{32} << 20;

}  // namespace

Result<CommitResult> LargeCommit::Run(Conflict* conflict, bool* applied) {
  *applied = true;
  std::optional<Version> known;
  const Status looked = run_step_([&]() -> Status {
    STRATA_ASSIGN_OR_RETURN(known, applier_->FindRequest(request_.request_id));
    return applier_->Commit();
  });
  STRATA_RETURN_IF_ERROR(looked);
  if (known) return CommitResult{*known, /*replayed=*/true};
  STRATA_ASSIGN_OR_RETURN(const bool holds, CheckAll(conflict));
  if (!holds) return ConditionFails(*conflict);
  STRATA_RETURN_IF_ERROR(Stage());
  *applied = suits_;
  return suits_ ? Publish(conflict) : CommitResult{};
}

// Watches the conditions before it looks, so that nothing is missed.
Result<bool> LargeCommit::CheckAll(Conflict* conflict) {
  bool holds = true;
  for (std::size_t at = 0; at < request_.preconditions.size() && holds; at += kStepConditions) {
    const std::size_t end = std::min(at + kStepConditions, request_.preconditions.size());
    const Status checked = run_step_([&]() -> Status {
      if (at == 0) applier_->WatchConditions(request_.preconditions);
      for (std::size_t i = at; i < end && holds; ++i) {
        STRATA_RETURN_IF_ERROR(applier_->CheckOne(request_.preconditions, i, conflict, &holds));
      }
      return applier_->Commit();
    });
    STRATA_RETURN_IF_ERROR(checked);
  }
  return holds;
}

Status LargeCommit::Stage() {
  for (const Mutation& mutation : request_.mutations) {
    const Status added = Add(mutation);
    if (!suits_) return OkStatus();
    STRATA_RETURN_IF_ERROR(added);
  }
  if (request_.more != nullptr) {
    const Status visited =
        request_.more->Visit([this](const Mutation& mutation) { return Add(mutation); });
    if (!suits_) return OkStatus();
    STRATA_RETURN_IF_ERROR(visited);
  }
  STRATA_RETURN_IF_ERROR(Flush());
  std::vector<std::string> rest = changes_.TakeParts();
  std::move(rest.begin(), rest.end(), std::back_inserter(publication_.feed_parts));
  return OkStatus();
}

Status LargeCommit::Add(const Mutation& mutation) {
  suits_ = mutation.kind != MutationKind::kDeleteRange && !mutation.stamp_value_at &&
           feed_bytes_ <= kMaxFeedBytes;
  if (!suits_) return Cancelled("not in steps");  // ends the visit
  if (mutation.stamp_key_at) {
    // Its place is known at the end only.
    publication_.stamped.push_back(
        {std::string(mutation.key), std::string(mutation.value), *mutation.stamp_key_at});
    return OkStatus();
  }
  changes_.Add({mutation.kind, mutation.key, {}});
  for (std::string& part : changes_.TakeFull()) {
    feed_bytes_ += part.size();
    publication_.feed_parts.push_back(std::move(part));
  }
  const bool puts = mutation.kind == MutationKind::kPut;
  rows_.push_back({std::string(mutation.key),
                   puts ? std::optional<std::string>(mutation.value) : std::nullopt});
  bytes_ += mutation.key.size() + mutation.value.size();
  return rows_.size() < kStepRows && bytes_ < kStepBytes ? OkStatus() : Flush();
}

Status LargeCommit::Flush() {
  if (rows_.empty()) return OkStatus();
  STRATA_RETURN_IF_ERROR(run_step_([this] { return applier_->StageRun(rows_); }));
  rows_.clear();
  bytes_ = 0;
  return OkStatus();
}

Result<CommitResult> LargeCommit::Publish(Conflict* conflict) {
  Result<CommitResult> outcome = CommitResult{};
  STRATA_RETURN_IF_ERROR(
      run_step_([&] { return applier_->PublishRun(request_, publication_, conflict, &outcome); }));
  return outcome;
}

}  // namespace strata::storage::sqlite
