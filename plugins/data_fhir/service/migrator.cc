#include "plugins/data_fhir/service/migrator.h"

#include <algorithm>
#include <string>
#include <vector>

#include "plugins/data_fhir/index/derived.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::service {
namespace {

using layout::ResourceNumber;
using std::chrono::steady_clock;

// How far it is (FORMAT.md).
std::string CursorKey() { return layout::MetaKey("migrate"); }

// What resources of a store that began in that format have no rows for.
index::EntryList Lacked(std::uint32_t began, layout::TypeNumber type,
                        const index::EntryList& entries) {
  index::EntryList out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const index::EntryList::Entry& entry = entries[i];
    const bool lacked = entry.parameter == index::IdOrderNumber()
                            ? began <= store::kFormatWithoutIdOrder
                            : index::IsDerived(type, entry.parameter);
    if (lacked) out.Add(entry.parameter, entry.value);
  }
  out.Finish();
  return out;
}

// How many resources there may be: numbers are given out in blocks.
Result<std::uint64_t> NumbersGiven(const store::Store& store, const Context& cx) {
  STRATA_ASSIGN_OR_RETURN(const store::HostedRow next,
                          store.hosting.GetOne(cx, layout::MetaKey("next-number")));
  if (next.version == 0) return std::uint64_t{0};
  return layout::ReadBigEndian(next.value, next.value.size()) - 1;
}

}  // namespace

Result<FormatState> Migrator::State(const Context& cx) const {
  STRATA_ASSIGN_OR_RETURN(const auto set, store_.definitions.Refresh(cx));
  FormatState state;
  state.writes = set->format;
  state.lowest = set->FormatAt({});
  if (state.lowest == state.writes) return state;
  STRATA_ASSIGN_OR_RETURN(const ResourceCursor cursor, Cursor(cx));
  STRATA_ASSIGN_OR_RETURN(const std::uint64_t given, NumbersGiven(store_, cx));
  state.done = cursor.done;
  state.total = std::max(given, cursor.done);
  return state;
}

Status Migrator::Write(const Context& cx, std::uint32_t format) {
  Status written = Aborted("the search parameters are being changed all the time");
  for (int i = 0; i < store::kAttempts && written.code() == Code::kAborted; ++i) {
    STRATA_ASSIGN_OR_RETURN(const auto set, store_.definitions.Refresh(cx));
    if (format == set->format) return {};
    if (format != store::kFormat) {
      return InvalidArgument("format " + std::to_string(set->format) + " is written, and only " +
                             std::to_string(store::kFormat) + " can follow");
    }
    store::RowChanges changes;
    store::Definitions::Upgrade(*set, /*whole_since=*/std::nullopt, &changes);
    changes.Put(layout::MetaKey("format"), std::to_string(format));
    written = store_.hosting.Commit(cx, std::move(changes)).status();
  }
  STRATA_RETURN_IF_ERROR(written);
  return store_.definitions.Refresh(cx).status();
}

Result<FormatState> Migrator::Step(const Context& cx, std::chrono::microseconds budget) {
  const auto until = steady_clock::now() + budget;
  std::uint64_t done = 0;
  do {
    STRATA_ASSIGN_OR_RETURN(const auto set, store_.definitions.Refresh(cx));
    if (set->FormatAt({}) == set->format) break;
    STRATA_ASSIGN_OR_RETURN(const ResourceCursor cursor, Cursor(cx));
    done = cursor.done;
    const Status status = cursor.at_end() ? Finish(cx, *set) : Batch(cx, *set, cursor);
    if (!status.ok() && status.code() != Code::kAborted) return status;
    batch_ = status.ok() ? kMostInBatch : std::max<std::size_t>(batch_ / 2, 1);
  } while (steady_clock::now() < until);
  STRATA_ASSIGN_OR_RETURN(FormatState state, State(cx));
  if (state.lowest == state.writes) state.done = state.total = done;
  return state;
}

Result<ResourceCursor> Migrator::Cursor(const Context& cx) const {
  STRATA_ASSIGN_OR_RETURN(const store::HostedRow row, store_.hosting.GetOne(cx, CursorKey()));
  return ResourceCursor::Decode(row.value, store_.now_us());
}

Status Migrator::Batch(const Context& cx, const store::DefinitionSet& set, ResourceCursor cursor) {
  std::vector<ResourceNumber> numbers;
  while (numbers.empty() && !cursor.at_end()) {
    STRATA_ASSIGN_OR_RETURN(numbers, ResourcesFrom(store_, cx, cursor, batch_));
    if (numbers.empty()) cursor.PassType();
  }
  const EntriesOf lacked = [&](json::Value resource, index::EntryList* out) {
    set.extractor().Extract(cursor.type, resource, out);
    *out = Lacked(set.began, cursor.type, *out);
  };
  store::RowChanges changes;
  STRATA_RETURN_IF_ERROR(IndexResources(store_, cx, cursor.type, numbers, lacked, &changes));
  if (!numbers.empty()) cursor.Pass(numbers, batch_);
  STRATA_RETURN_IF_ERROR(store_.definitions.Change(cx, set, {}, &changes));
  changes.Put(CursorKey(), cursor.Encode());
  return store_.hosting.Commit(cx, std::move(changes)).status();
}

Status Migrator::Finish(const Context& cx, const store::DefinitionSet& set) {
  // All rows were committed by then.
  STRATA_ASSIGN_OR_RETURN(const std::uint64_t since, store_.hosting.LatestVersion(cx));
  store::RowChanges changes;
  store::Definitions::Upgrade(set, since, &changes);
  changes.Erase(CursorKey());
  STRATA_RETURN_IF_ERROR(store_.hosting.Commit(cx, std::move(changes)).status());
  return store_.definitions.Refresh(cx).status();
}

}  // namespace strata::fhir::service
