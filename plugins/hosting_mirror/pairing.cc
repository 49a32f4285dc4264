#include "plugins/hosting_mirror/pairing.h"

#include <utility>

namespace strata::plugins::hosting_mirror {
namespace {

namespace v1 = hosting::v1;
using storage::replica::Cursor;
using storage::replica::DecodeCursor;

// Whether the store is a copy of the other one that was not completed.
bool HalfFilledFrom(const v1::DescribeResponse& store, const v1::DescribeResponse& source,
                    Cursor* cursor) {
  Result<Cursor> decoded = DecodeCursor(store.ingest_cursor());
  if (!decoded.ok() || decoded->phase != Cursor::Phase::kFilling ||
      decoded->source_id != source.store_id()) {
    return false;
  }
  *cursor = *std::move(decoded);
  return true;
}

Result<Pairing> PairWithEmptyPrimary(const v1::DescribeResponse& primary,
                                     const v1::DescribeResponse& secondary, Pairing pairing) {
  if (secondary.last_version() == 0) return pairing;
  const Result<Cursor> cursor = DecodeCursor(secondary.ingest_cursor());
  if (!cursor.ok() || cursor->phase != Cursor::Phase::kFollowing) {
    return FailedPrecondition(
        "the primary is empty, and the secondary holds records that are not a whole copy of it; "
        "have they changed places?");
  }
  pairing.step = Step::kFillPrimary;
  if (!HalfFilledFrom(primary, secondary, &pairing.cursor)) {
    pairing.cursor.source_id = secondary.store_id();
    pairing.cursor.other = cursor->other;
  }
  return pairing;
}

}  // namespace

Result<Pairing> Pair(const v1::HostingClient& primary, const v1::HostingClient& secondary,
                     const Context& context, bool overwrite_secondary) {
  v1::DescribeResponse first;
  v1::DescribeResponse second;
  // In this order: a mirror that is being replaced may write on, and the primary is never behind
  // what the secondary was before.
  STRATA_RETURN_IF_ERROR(secondary.Describe(context, {}, &second));
  STRATA_RETURN_IF_ERROR(primary.Describe(context, {}, &first));
  if (first.store_id() == second.store_id()) {
    return FailedPrecondition("primary and secondary are the same store");
  }
  Pairing pairing;
  pairing.primary_version = first.last_version();
  pairing.secondary_version = second.last_version();
  Cursor back;
  if (first.last_version() == 0 || HalfFilledFrom(first, second, &back)) {
    return PairWithEmptyPrimary(first, second, pairing);
  }
  pairing.cursor.source_id = first.store_id();
  if (second.last_version() == 0) {
    pairing.step = first.oldest_watch_version() == 0 ? Step::kFollow : Step::kFill;
    return pairing;
  }
  Cursor half;
  if (HalfFilledFrom(second, first, &half)) {
    pairing.cursor = half;
    pairing.step = Step::kFill;
    return pairing;
  }
  const Result<Cursor> cursor = DecodeCursor(second.ingest_cursor());
  const bool ours = cursor.ok() && cursor->source_id == first.store_id();
  if (!ours && !overwrite_secondary) {
    return FailedPrecondition(
        "the secondary holds records of another store; give it an empty one, or set "
        "overwrite_secondary");
  }
  if (second.last_version() > first.last_version()) {
    return FailedPrecondition(
        "the secondary is ahead of the primary, which has been replaced by an older copy: make the "
        "secondary the primary, or give it an empty store");
  }
  pairing.step = ours ? Step::kFollow : Step::kFill;
  pairing.noted = ours;
  return pairing;
}

}  // namespace strata::plugins::hosting_mirror
