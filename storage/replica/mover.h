#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/base/status.h"
#include "storage/replica/cursor.h"
#include "storage/replica/pace.h"
#include "storage/replica/tail.h"
#include "storage/replica/verifier.h"

namespace strata::storage::replica {

struct MoveProgress {
  std::string_view step;  // "copy", "compare", "follow"
  std::uint64_t rows = 0;
  std::uint64_t rows_total = 0;     // 0: not known
  std::uint64_t rows_at_start = 0;  // were there already when this copy began, or went on
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;
  double rows_per_second = 0;
  double seconds_left = 0;  // 0: not known
  std::uint64_t lag = 0;    // versions that the target is behind

  // Rate and time left, from what was done in this step since it began.
  void Estimate(std::chrono::steady_clock::time_point begun);
};

struct MoveOptions {
  // Larger ones copy faster, and live commits wait longer for the disk behind each of them.
  std::size_t slice_bytes = std::size_t{128} << 10;
  Pace::Options pace;
  // Told after each step; false ends the move. May be empty.
  std::function<bool(const MoveProgress& progress)> report;
};

// Moves all records of one hosting plugin to another one while the first is written to:
//   Copy     slice by slice, follows the commits, compares; can be interrupted, and called again
//            after an error, and goes on where the target's own note (Cursor) says
//   Finish   when nothing is written to the source any more: the last commits, the rows that were
//            not compared since they changed, count and digest of both sides
// Rows keep their versions. Nobody else writes to the target. Single-threaded.
class Mover {
 public:
  Mover(const Stores& stores, MoveOptions options);

  // Until so little is left that Finish is short. FAILED_PRECONDITION: the target holds other
  // records, or a plugin lacks what a move needs; DATA_LOSS: the copy is not the same as the
  // source; CANCELLED: report() said so; and codes of the plugins.
  Status Copy(const Context& context);
  Status Finish(const Context& context);

  // How far it has come.
  const MoveProgress& progress() const { return progress_; }
  // Of each side, after Finish.
  const RowDigest& source() const { return verifier_->source(); }
  const RowDigest& target() const { return verifier_->target(); }
  std::uint64_t version() const { return verifier_->tail(); }

 private:
  Status Begin(const Context& context);
  Status CopyAll(const Context& context);
  Status CompareAll(const Context& context);
  Status CompareChanged(const Context& context);
  Status CatchUp(const Context& context);
  // Reports, and rests as long as the piece of work before asks for.
  Status Breathe(std::chrono::steady_clock::time_point begun);
  Status Report();
  bool GoOn() const;

  const Stores stores_;
  const MoveOptions options_;
  Pace pace_;
  Cursor cursor_;
  MoveProgress progress_;
  std::chrono::steady_clock::time_point step_begun_;
  std::unique_ptr<Verifier> verifier_;
};

}  // namespace strata::storage::replica
