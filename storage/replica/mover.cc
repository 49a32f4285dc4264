#include "storage/replica/mover.h"

#include <algorithm>
#include <string>
#include <utility>

#include "storage/replica/fill.h"

namespace strata::storage::replica {
namespace {

namespace v1 = hosting::v1;

// How often the source may forget commits faster than they can be carried over.
constexpr int kAttempts = 3;
// So few rows are compared within the pause.
constexpr std::size_t kFew = 200;
constexpr int kMostRounds = 10'000;
// What following takes when the target is as close as it need be, and as it may get.
constexpr auto kMoment = std::chrono::milliseconds(20);
constexpr auto kLongMoment = std::chrono::milliseconds(500);
constexpr int kRoundsToSettle = 5;
constexpr auto kMostCatchUp = std::chrono::minutes(10);

bool Can(const v1::DescribeResponse& store, v1::Capability capability) {
  return std::find(store.capabilities().begin(), store.capabilities().end(), capability) !=
         store.capabilities().end();
}

Status CheckLimits(const v1::Limits& source, const v1::Limits& target) {
  // Values above what the contract promises are possible, not usual: a row that does not fit ends
  // the move. Keys and values of the target must at least reach what it promises.
  if (target.max_key_bytes() >= std::min<std::uint64_t>(source.max_key_bytes(), 1024) &&
      target.max_value_bytes() >= std::min<std::uint64_t>(source.max_value_bytes(), 1 << 20)) {
    return OkStatus();
  }
  return FailedPrecondition("the target takes only smaller keys or values than the contract says");
}

}  // namespace

Mover::Mover(const Stores& stores, MoveOptions options)
    : stores_(stores), options_(std::move(options)), pace_(options_.pace) {}

Status Mover::Begin(const Context& context) {
  cursor_ = Cursor();
  v1::DescribeResponse source;
  v1::DescribeResponse target;
  STRATA_RETURN_IF_ERROR(stores_.source->Describe(context, {}, &source));
  STRATA_RETURN_IF_ERROR(stores_.target->Describe(context, {}, &target));
  if (source.store_id() == target.store_id()) {
    return FailedPrecondition("source and target are the same store");
  }
  if (!Can(source, v1::CAPABILITY_WATCH)) {
    return FailedPrecondition("the source cannot tell its commits (Watch)");
  }
  if (!Can(target, v1::CAPABILITY_INGEST)) {
    return FailedPrecondition("the target cannot take over rows with their versions (Ingest)");
  }
  STRATA_RETURN_IF_ERROR(CheckLimits(source.limits(), target.limits()));
  progress_.rows_total =
      static_cast<std::uint64_t>(std::max<std::int64_t>(source.key_count_estimate(), 0));
  progress_.bytes_total =
      static_cast<std::uint64_t>(std::max<std::int64_t>(source.size_bytes(), 0));
  Result<Cursor> cursor = DecodeCursor(target.ingest_cursor());
  if (cursor.ok() && cursor->source_id == source.store_id()) {
    cursor_ = *std::move(cursor);
    if (cursor_.phase == Cursor::Phase::kFollowing) cursor_.tail = target.last_version();
    return OkStatus();
  }
  // The way back: the source is a copy of the target, which nobody has written to since.
  const Result<Cursor> origin = DecodeCursor(source.ingest_cursor());
  if (origin.ok() && origin->source_id == target.store_id() &&
      origin->phase == Cursor::Phase::kFollowing && target.last_version() > 0) {
    cursor_.source_id = source.store_id();
    cursor_.phase = Cursor::Phase::kFollowing;
    cursor_.tail = target.last_version();
    return OkStatus();
  }
  if (target.last_version() > 0) {
    return FailedPrecondition("the target holds other records; give it an empty store");
  }
  cursor_.source_id = source.store_id();
  return OkStatus();
}

Status Mover::Copy(const Context& context) {
  STRATA_RETURN_IF_ERROR(Begin(context));
  pace_.Look([this] { return GoOn(); });
  Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    status = CopyAll(context);
    if (status.ok()) status = CompareAll(context);
    if (status.code() != Code::kOutOfRange) break;
    // The source has forgotten the commits since the cursor: all over again.
    const std::string id = cursor_.source_id;
    cursor_ = Cursor();
    cursor_.source_id = id;
  }
  return status;
}

Status Mover::CopyAll(const Context& context) {
  progress_.step = "copy";
  progress_.rows = cursor_.rows;
  progress_.bytes = cursor_.bytes;
  progress_.rows_at_start = cursor_.rows;
  step_begun_ = std::chrono::steady_clock::now();
  if (cursor_.phase == Cursor::Phase::kFollowing) return OkStatus();
  auto begun = step_begun_;
  FillOptions fill;
  fill.slice_bytes = options_.slice_bytes;
  fill.on_slice = [&](const Cursor& cursor) {
    progress_.rows = cursor.rows;
    progress_.bytes = cursor.bytes;
    const Status status = Breathe(begun);
    begun = std::chrono::steady_clock::now();
    return status;
  };
  return Fill(stores_, context, fill, &cursor_);
}

Status Mover::CompareAll(const Context& context) {
  verifier_ = std::make_unique<Verifier>(stores_, cursor_.tail);
  progress_.step = "follow";
  STRATA_RETURN_IF_ERROR(CatchUp(context));
  progress_.step = "compare";
  progress_.rows_total = std::max(progress_.rows, progress_.rows_total);
  progress_.rows = 0;
  progress_.rows_at_start = 0;
  step_begun_ = std::chrono::steady_clock::now();
  for (bool more = true; more;) {
    const auto begun = std::chrono::steady_clock::now();
    STRATA_ASSIGN_OR_RETURN(more, verifier_->CheckSlice(context, options_.slice_bytes));
    progress_.rows = verifier_->source().rows();
    if (more) STRATA_RETURN_IF_ERROR(Breathe(begun));
  }
  progress_.step = "follow";
  STRATA_RETURN_IF_ERROR(CompareChanged(context));
  return CatchUp(context);
}

// Rests only as long as there are fewer of them than ever: else resting is what lets them grow.
Status Mover::CompareChanged(const Context& context) {
  std::size_t fewest = verifier_->changed();
  for (int round = 0; verifier_->changed() > kFew; ++round) {
    if (round == kMostRounds) return Unavailable("the source changes faster than it can be copied");
    const auto begun = std::chrono::steady_clock::now();
    STRATA_RETURN_IF_ERROR(verifier_->CheckChanged(context));
    const bool fewer = verifier_->changed() < fewest;
    fewest = std::min(fewest, verifier_->changed());
    STRATA_RETURN_IF_ERROR(fewer ? Breathe(begun) : Report());
  }
  return OkStatus();
}

// Until the target is not behind by more than what a moment brings, or is as close as it gets: a
// disk that syncs slowly never answers in a moment.
Status Mover::CatchUp(const Context& context) {
  const auto started = std::chrono::steady_clock::now();
  auto shortest = std::chrono::steady_clock::duration::max();
  for (int round = 0; round < kMostRounds; ++round) {
    const auto begun = std::chrono::steady_clock::now();
    STRATA_RETURN_IF_ERROR(verifier_->Follow(context));
    const auto took = std::chrono::steady_clock::now() - begun;
    v1::DescribeResponse described;
    STRATA_RETURN_IF_ERROR(stores_.source->Describe(context, {}, &described));
    progress_.lag =
        described.last_version() - std::min(described.last_version(), verifier_->tail());
    STRATA_RETURN_IF_ERROR(Report());
    if (took < kMoment) return OkStatus();
    if (round >= kRoundsToSettle && took < kLongMoment && took <= shortest * 3 / 2) {
      return OkStatus();
    }
    shortest = std::min(shortest, took);
    if (begun - started > kMostCatchUp) break;
  }
  return Unavailable("the source is written to faster than the target can follow");
}

Status Mover::Finish(const Context& context) {
  progress_.step = "follow";
  STRATA_RETURN_IF_ERROR(verifier_->CheckRest(context));
  v1::DescribeResponse source;
  v1::DescribeResponse target;
  STRATA_RETURN_IF_ERROR(stores_.source->Describe(context, {}, &source));
  STRATA_RETURN_IF_ERROR(stores_.target->Describe(context, {}, &target));
  if (source.last_version() != target.last_version()) {
    return Unavailable("the source is still written to");
  }
  progress_.lag = 0;
  progress_.rows = verifier_->target().rows();
  progress_.rows_total = progress_.rows;
  progress_.seconds_left = 0;
  return Report();
}

void MoveProgress::Estimate(std::chrono::steady_clock::time_point begun) {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  const auto done = static_cast<double>(rows - std::min(rows, rows_at_start));
  rows_per_second = passed.count() > 0 ? done / passed.count() : 0;
  seconds_left = 0;
  if (rows_per_second > 0 && rows_total > rows) {
    seconds_left = static_cast<double>(rows_total - rows) / rows_per_second;
  }
}

Status Mover::Report() {
  progress_.Estimate(step_begun_);
  return GoOn() ? OkStatus() : Cancelled("the move was ended");
}

bool Mover::GoOn() const { return !options_.report || options_.report(progress_); }

Status Mover::Breathe(std::chrono::steady_clock::time_point begun) {
  STRATA_RETURN_IF_ERROR(Report());
  bool go_on = true;
  pace_.Rest(std::chrono::steady_clock::now() - begun, [&] { return go_on = GoOn(); });
  return go_on ? OkStatus() : Cancelled("the move was ended");
}

}  // namespace strata::storage::replica
