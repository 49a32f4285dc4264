#include "plugins/data_fhir/store/sweep.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/index_rows.h"
#include "plugins/data_fhir/store/timeline.h"

namespace strata::fhir::store {
namespace {

// Versions of one step that are passed by.
constexpr std::size_t kMostItems = 16'384;
constexpr std::size_t kNumberBytes = 8;

std::string RowKey() { return layout::MetaKey("swept"); }

std::uint64_t TakeNumber(std::string_view* bytes) {
  const std::uint64_t number = layout::ReadBigEndian(*bytes, kNumberBytes);
  bytes->remove_prefix(kNumberBytes);
  return number;
}

}  // namespace

// The M row: floor (8), rows removed (8), the moment that is waited for (8), when it was now (8),
// position in the timeline.
struct Sweep::State {
  std::uint64_t row_version = 0;
  std::uint64_t floor = 0;  // Moments before it cannot be read any more.
  std::uint64_t removed = 0;
  std::uint64_t until = 0;  // 0: none is waited for.
  std::int64_t noted_us = 0;
  TimelinePosition position;
};

namespace {

constexpr std::size_t kPositionAt = 4 * kNumberBytes;

}  // namespace

Result<Sweep::State> Sweep::Load(const Context& cx) const {
  STRATA_ASSIGN_OR_RETURN(const HostedRow row, store_.hosting.GetOne(cx, RowKey()));
  State state;
  state.row_version = row.version;
  if (row.version == 0) return state;
  if (row.value.size() < kPositionAt) return DataLoss("the sweep's row cannot be read");
  std::string_view bytes = row.value;
  state.floor = TakeNumber(&bytes);
  state.removed = TakeNumber(&bytes);
  state.until = TakeNumber(&bytes);
  state.noted_us = static_cast<std::int64_t>(TakeNumber(&bytes));
  const auto position = TimelinePosition::Decode(bytes);
  if (!position) return DataLoss("the sweep's row cannot be read");
  state.position = *position;
  return state;
}

void Sweep::Save(const State& state, RowChanges* changes) {
  std::string value;
  layout::AppendBigEndian(state.floor, kNumberBytes, &value);
  layout::AppendBigEndian(state.removed, kNumberBytes, &value);
  layout::AppendBigEndian(state.until, kNumberBytes, &value);
  layout::AppendBigEndian(static_cast<std::uint64_t>(state.noted_us), kNumberBytes, &value);
  value.append(state.position.Encode());
  changes->RequireUnchanged(RowKey(), state.row_version);
  changes->Put(RowKey(), std::move(value));
}

// Remembers when the store was as it is now, if there is anything new.
Status Sweep::Note(const Context& cx, State state) {
  STRATA_ASSIGN_OR_RETURN(const std::uint64_t latest, store_.hosting.LatestVersion(cx));
  if (latest == seen_) return {};
  STRATA_ASSIGN_OR_RETURN(auto types, TypesInStore(store_.hosting, cx));
  Timeline timeline(store_.hosting, cx, std::move(types),
                    {state.position, TimelinePosition::Behind(latest)});
  STRATA_ASSIGN_OR_RETURN(const auto item, timeline.Next());
  if (!item) {
    seen_ = latest;
    return {};
  }
  state.until = latest;
  state.noted_us = store_.now_us();
  RowChanges changes;
  Save(state, &changes);
  return store_.hosting.Commit(cx, std::move(changes)).status();
}

// The index rows that some replaced versions leave behind. Single-threaded.
class Sweep::Batch {
 public:
  Batch(Store& store, const Context& cx, std::uint64_t floor)
      : store_(store), cx_(cx), floor_(floor), set_(store.definitions.Snapshot()) {}

  // `item`: the version that replaced another one.
  Status Add(const TimelineItem& item) {
    const Records::VersionKey keys[] = {{item.key.n, item.key.version - 1},
                                        {item.key.n, item.key.version}};
    const auto versions = store_.records.ReadVersions(cx_, keys, /*with_json=*/true);
    // A history that was moved here without its beginning.
    if (versions.status().code() == Code::kDataLoss) return {};
    STRATA_RETURN_IF_ERROR(versions.status());
    // What cannot be read keeps its rows, and holds nothing up.
    if (!Extract(versions->front(), &before_).ok()) return {};
    if (!Extract(versions->back(), &after_).ok()) return {};
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (after_.Contains(before_[i].parameter, before_[i].value)) continue;
      STRATA_ASSIGN_OR_RETURN(
          IndexRow row,
          FindIndexRow(store_.hosting, cx_,
                       layout::IndexPrefix(item.key.type, before_[i].parameter, before_[i].value),
                       item.key.n));
      if (!row.key.empty()) rows_.insert_or_assign(row.key, std::move(row));
    }
    return {};
  }

  // Answers how many rows go.
  std::uint64_t Finish(RowChanges* changes) {
    std::uint64_t removed = 0;
    for (auto& [key, row] : rows_) {
      auto swept = layout::SweepRow(row.last, row.version, row.value, floor_);
      if (!swept.ok() || (!swept->erase && !swept->value)) continue;
      changes->RequireVersion(key, row.version);
      removed += swept->erase ? 1U : 0U;
      if (swept->erase) {
        changes->Erase(key);
      } else {
        changes->Put(key, *std::move(swept->value));
      }
    }
    return removed;
  }

 private:
  Status Extract(const Version& version, index::EntryList* entries) {
    entries->Clear();
    if (version.json.empty()) {
      entries->Finish();
      return {};
    }
    STRATA_ASSIGN_OR_RETURN(const json::Value root, parser_.Parse(version.json));
    set_->extractor().Extract(version.header.type, root, entries);
    return {};
  }

  Store& store_;
  const Context& cx_;
  const std::uint64_t floor_;
  const std::shared_ptr<const DefinitionSet> set_;  // shared with whoever reads now
  json::Parser parser_;
  index::EntryList before_;
  index::EntryList after_;
  std::map<std::string, IndexRow> rows_;
};

Result<Sweep::Progress> Sweep::Step(const Context& cx) {
  STRATA_ASSIGN_OR_RETURN(State state, Load(cx));
  Progress progress;
  if (state.until == 0) {
    STRATA_RETURN_IF_ERROR(Note(cx, state));
    return progress;
  }
  if (store_.now_us() - state.noted_us < retention_.count()) return progress;
  STRATA_ASSIGN_OR_RETURN(auto types, TypesInStore(store_.hosting, cx));
  Timeline timeline(store_.hosting, cx, std::move(types),
                    {state.position, TimelinePosition::Behind(state.until)});
  Batch batch(store_, cx, state.until);
  std::size_t replaced = 0;
  progress.more = true;
  for (std::size_t i = 0; i < kMostItems && replaced < most_replaced_; ++i) {
    STRATA_ASSIGN_OR_RETURN(const auto item, timeline.Next());
    if (!item) {
      progress.more = false;
      progress.ended = true;
      break;
    }
    state.position = PositionOf(item->key);
    ++state.position.version;
    if (item->value.change == layout::Change::kCreated || item->key.version < 2) continue;
    ++replaced;
    STRATA_RETURN_IF_ERROR(batch.Add(*item));
  }
  RowChanges changes;
  progress.removed = batch.Finish(&changes);
  if (!changes.empty()) state.floor = state.until;
  state.removed += progress.removed;
  if (progress.ended) state.until = 0;
  Save(state, &changes);
  const Status committed = store_.hosting.Commit(cx, std::move(changes)).status();
  if (committed.code() == Code::kAborted && most_replaced_ > 1) {
    most_replaced_ /= 2;
    return Progress{.removed = 0, .more = true, .ended = false};
  }
  STRATA_RETURN_IF_ERROR(committed);
  most_replaced_ = std::min(2 * most_replaced_, kMostReplaced);
  return progress;
}

Status CheckMoment(const Hosting& hosting, const Context& cx, std::uint64_t as_of) {
  STRATA_ASSIGN_OR_RETURN(const HostedRow row, hosting.GetOne(cx, RowKey()));
  std::string_view bytes = row.value;
  if (bytes.size() < kPositionAt || TakeNumber(&bytes) <= as_of) return {};
  return Fault(Code::kNotFound, "deleted",
               "this page is gone: its search began too long ago, and what was replaced since is "
               "no longer remembered; search again");
}

Result<std::uint64_t> SweptRows(const Hosting& hosting, const Context& cx) {
  STRATA_ASSIGN_OR_RETURN(const HostedRow row, hosting.GetOne(cx, RowKey()));
  std::string_view bytes = row.value;
  if (bytes.size() < kPositionAt) return std::uint64_t{0};
  bytes.remove_prefix(kNumberBytes);
  return TakeNumber(&bytes);
}

}  // namespace strata::fhir::store
