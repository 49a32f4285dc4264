#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "storage/api/change_codec.h"
#include "storage/sqlite/commit_applier.h"

namespace strata::storage::sqlite {

// Carries out a commit that is too large for one short transaction, so that others commit in
// between. Its preconditions are checked and its rows are written to a table of their own (the
// run, FORMAT.md) in short steps; then one short transaction checks again what others have touched
// and publishes the run, from when on readers see all of it. Single-threaded; blocks.
class LargeCommit final {
 public:
  // Runs a step on the thread that writes, in a transaction that the step ends itself, or that is
  // taken back when the step fails.
  using RunStep = std::function<Status(const std::function<Status()>& step)>;

  // `request` outlives this object.
  LargeCommit(CommitApplier* applier, RunStep run_step, const CommitRequest& request)
      : applier_(applier), run_step_(std::move(run_step)), request_(request) {}

  // *applied stays false when the commit has parts that cannot be done in steps (ranges that are
  // deleted, values with stamps): nothing was changed then. What is answered, and the errors, are
  // those of Engine::Commit. The run of a published commit is left to be merged; that of a failed
  // one to be dropped (CommitApplier::ShrinkRun does both).
  Result<CommitResult> Run(Conflict* conflict, bool* applied);

 private:
  Result<bool> CheckAll(Conflict* conflict);
  Status Stage();
  Status Add(const Mutation& mutation);
  Status Flush();
  Result<CommitResult> Publish(Conflict* conflict);

  CommitApplier* const applier_;
  const RunStep run_step_;
  const CommitRequest& request_;
  bool suits_ = true;
  ChangeEncoder changes_;
  RunPublication publication_;
  std::uint64_t feed_bytes_ = 0;
  std::vector<RunRow> rows_;
  std::size_t bytes_ = 0;
};

}  // namespace strata::storage::sqlite
