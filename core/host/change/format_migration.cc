#include "core/host/change/format_migration.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/host/stack_state.h"

namespace strata::host {
namespace {

using std::chrono::steady_clock;

// Length of a piece: short enough that whoever waits for a lock that it holds hardly notices.
constexpr std::chrono::milliseconds kPiece{20};
// An isolated plugin's process is killed after 30 s without an answer: before this.
constexpr std::chrono::seconds kPieceTime{40};
// Together about a minute: a process restarts, a disk is full for a moment.
constexpr int kMostFailures = 20;
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5'000};

bool MayPass(Code code) {
  return code == Code::kUnavailable || code == Code::kAborted || code == Code::kDeadlineExceeded ||
         code == Code::kResourceExhausted;
}

}  // namespace

FormatMigration::FormatMigration(std::shared_ptr<StackState> state, const Slot& slot,
                                 Monitor monitor)
    : state_(std::move(state)),
      instance_(slot.instance),
      monitor_(std::move(monitor)),
      pace_(slot.stats),
      begun_(steady_clock::now()) {}

Status FormatMigration::Write(std::uint32_t to) {
  // Its process may end before it has said how far it is.
  const auto write_and_ask = [&]() -> Result<MigrationState> {
    STRATA_RETURN_IF_ERROR(WriteFormat(instance_, to, steady_clock::now() + kPieceTime, state_));
    return AskFormat(instance_, steady_clock::now() + kPieceTime, state_);
  };
  Result<MigrationState> now = write_and_ask();
  while (!now.ok() && MayPass(now.status().code())) {
    STRATA_RETURN_IF_ERROR(TryAgain(now.status()));
    now = write_and_ask();
  }
  STRATA_RETURN_IF_ERROR(now.status());
  failures_ = 0;
  if (now->writes != to) return Internal("it was told to write another format and does not");
  reached_ = *now;
  done_before_ = reached_.done;
  begun_ = steady_clock::now();
  monitor_.state(reached_);
  return OkStatus();
}

Status FormatMigration::Run() {
  Tell();
  while (!reached_.finished()) {
    if (monitor_.ended()) return Cancelled("it was ended");
    const auto begun = steady_clock::now();
    const std::uint64_t before = reached_.done;
    STRATA_RETURN_IF_ERROR(Take(MigratePiece(instance_, kPiece, begun + kPieceTime, state_)));
    const auto worked = steady_clock::now() - begun;
    // Without progress it waits for something: not at full speed.
    const bool idle = reached_.done == before && !reached_.finished();
    pace_.Rest(idle ? std::max<steady_clock::duration>(worked, kPiece) : worked, monitor_.ended);
  }
  return OkStatus();
}

Status FormatMigration::Take(const Result<MigrationState>& piece) {
  if (!piece.ok())
    return MayPass(piece.status().code()) ? TryAgain(piece.status()) : piece.status();
  failures_ = 0;
  const bool news = piece->lowest != reached_.lowest || piece->writes != reached_.writes;
  const std::uint32_t to = reached_.writes;
  reached_ = *piece;
  if (reached_.writes != to) return Internal("it has changed the format that it writes");
  if (news) monitor_.state(reached_);
  Tell();
  return OkStatus();
}

// OK: after a pause. CANCELLED: it is to end; else it has failed too often.
Status FormatMigration::TryAgain(const Status& status) {
  if (++failures_ > kMostFailures) return status;
  const auto pause = std::min(kFirstPause * (1 << std::min(failures_ - 1, 6)), kLongestPause);
  const auto until = steady_clock::now() + pause;
  while (!monitor_.ended() && steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return monitor_.ended() ? Cancelled("it was ended") : OkStatus();
}

void FormatMigration::Tell() {
  core::v1::Progress progress;
  progress.set_rows(reached_.done);
  progress.set_rows_total(reached_.total);
  const std::chrono::duration<double> took = steady_clock::now() - begun_;
  const double rate = static_cast<double>(reached_.done - std::min(done_before_, reached_.done)) /
                      std::max(took.count(), 1e-6);
  progress.set_rows_per_second(rate);
  if (rate > 0 && reached_.total > reached_.done) {
    progress.set_seconds_left(static_cast<double>(reached_.total - reached_.done) / rate);
  }
  monitor_.progress(progress);
}

}  // namespace strata::host
