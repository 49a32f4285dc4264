#include "storage/replica/verifier.h"

#include <algorithm>
#include <chrono>

#include "core/base/rows.h"

namespace strata::storage::replica {
namespace {

namespace v1 = hosting::v1;

// Of one Get; values may be long.
constexpr std::size_t kKeysPerGet = 100;
constexpr std::size_t kKeysPerRound = 500;
constexpr auto kMostFollow = std::chrono::seconds(2);

Status Differs(std::string_view what) {
  return DataLoss("the copy differs from its source: " + std::string(what));
}

struct Slice {
  std::vector<std::string> chunks;
  std::vector<Row> rows;
  std::uint64_t view = 0;
  bool full = false;
};

Status ReadSlice(const v1::HostingClient& store, const Context& context, const std::string& begin,
                 const std::string& end, std::size_t bytes, Slice* slice) {
  v1::ScanRequest scan;
  scan.set_begin(begin);
  scan.set_end(end);
  std::size_t read = 0;
  STRATA_RETURN_IF_ERROR(store.Scan(context, scan, [&](v1::ScanResponse& chunk) {
    slice->view = chunk.view_version();
    read += chunk.rows().size();
    slice->chunks.push_back(std::move(*chunk.mutable_rows()));
    slice->full = bytes > 0 && read >= bytes;
    return !slice->full;
  }));
  for (const std::string& chunk : slice->chunks) {
    RowReader reader(chunk);
    for (Row row; reader.Next(&row);) slice->rows.push_back(row);
  }
  slice->full = slice->full && !slice->rows.empty();
  return OkStatus();
}

}  // namespace

Result<bool> Verifier::CheckSlice(const Context& context, std::size_t slice_bytes) {
  if (all_compared_) return false;
  Slice source;
  STRATA_RETURN_IF_ERROR(ReadSlice(*stores_.source, context, at_, {}, slice_bytes, &source));
  reading_ = Reading();
  reading_.open = true;
  reading_.view = source.view;
  reading_.begin = at_;
  if (source.full) reading_.end = std::string(source.rows.back().key) + '\0';
  STRATA_RETURN_IF_ERROR(Follow(context));
  Slice target;
  STRATA_RETURN_IF_ERROR(
      ReadSlice(*stores_.target, context, at_, reading_.end, /*bytes=*/0, &target));
  RowDigest source_digest;
  RowDigest target_digest;
  const auto add = [this](const std::vector<Row>& rows, RowDigest* digest) {
    for (const Row& row : rows) {
      if (!reading_.changed.contains(row.key)) digest->Add(row);
    }
  };
  add(source.rows, &source_digest);
  add(target.rows, &target_digest);
  if (!(source_digest == target_digest)) {
    return Differs(std::to_string(source_digest.rows()) + " rows of the source, " +
                   std::to_string(target_digest.rows()) + " of the copy in one range");
  }
  source_.Add(source_digest);
  target_.Add(target_digest);
  changed_.merge(reading_.changed);
  at_ = reading_.end;
  all_compared_ = !source.full;
  reading_ = Reading();
  return true;
}

Status Verifier::Follow(const Context& context) {
  TailOptions tail;
  tail.stop_at_end = true;
  tail.prepare = [&](TailBatch& batch) { return Note(batch, context); };
  bool exact = true;
  const auto until = std::chrono::steady_clock::now() + kMostFollow;
  tail.applied = [&](const TailBatch& batch) {
    tail_ = batch.up_to;
    exact = batch.exact;
    // A source that is written to faster than this goes has no end.
    return std::chrono::steady_clock::now() < until || !exact || tail_ < reading_.view;
  };
  do {
    tail.after = tail_;
    STRATA_RETURN_IF_ERROR(CarryTail(stores_, context, tail));
  } while (!exact || tail_ < reading_.view);
  return OkStatus();
}

Status Verifier::Note(TailBatch& batch, const Context& context) {
  Keys touched;
  for (const v1::IngestRequest& message : batch.messages) {
    for (const v1::CommitEvent& commit : message.commits()) {
      for (const v1::Change& change : commit.changes()) {
        STRATA_RETURN_IF_ERROR(NoteChange(commit.version(), change, &touched, context));
      }
    }
  }
  return Touch(touched, context);
}

Status Verifier::NoteChange(std::uint64_t version, const v1::Change& change, Keys* touched,
                            const Context& context) {
  const bool after = reading_.open && version > reading_.view;
  if (change.kind() != v1::Change::KIND_DELETE_RANGE) {
    if (after && reading_.Holds(change.key())) reading_.changed.insert(change.key());
    if (Compared(change.key()) && !changed_.contains(change.key())) touched->insert(change.key());
    return OkStatus();
  }
  // The rows that are about to go are those of the target; those that have come since are in it
  // too, or have a change of their own.
  v1::ScanRequest scan;
  scan.set_begin(change.key());
  scan.set_end(change.range_end());
  scan.set_keys_only(true);
  return stores_.target->Scan(context, scan, [&](v1::ScanResponse& chunk) {
    RowReader reader(chunk.rows());
    for (Row row; reader.Next(&row);) {
      if (after && reading_.Holds(row.key)) reading_.changed.emplace(row.key);
      if (Compared(row.key) && !changed_.contains(row.key)) touched->emplace(row.key);
    }
    return true;
  });
}

// Takes rows out of the digests before they change. They were compared: both sides have what the
// target has.
Status Verifier::Touch(const Keys& keys, const Context& context) {
  if (keys.empty()) return OkStatus();
  const std::vector<std::string> list(keys.begin(), keys.end());
  Entries entries;
  std::uint64_t view = 0;
  STRATA_RETURN_IF_ERROR(Read(*stores_.target, context, list, &entries, &view));
  for (std::size_t i = 0; i < list.size(); ++i) {
    changed_.insert(list[i]);
    if (entries[i].first == 0) continue;
    const Row row{list[i], entries[i].first, entries[i].second};
    source_.Remove(row);
    target_.Remove(row);
  }
  return OkStatus();
}

// All from one view where they fit into one Get; *view is that of the first.
Status Verifier::Read(const v1::HostingClient& store, const Context& context,
                      const std::vector<std::string>& keys, Entries* entries, std::uint64_t* view) {
  std::size_t per_get = kKeysPerGet;
  for (std::size_t at = 0; at < keys.size();) {
    const std::size_t count = std::min(per_get, keys.size() - at);
    v1::GetRequest request;
    for (std::size_t i = at; i < at + count; ++i) request.add_keys(keys[i]);
    v1::GetResponse response;
    const Status got = store.Get(context, request, &response);
    if (got.code() == Code::kResourceExhausted && count > 1) {
      per_get = 1;
      continue;
    }
    STRATA_RETURN_IF_ERROR(got);
    if (at == 0) *view = response.view_version();
    for (v1::Entry& entry : *response.mutable_entries()) {
      entries->emplace_back(entry.version(), std::move(*entry.mutable_value()));
    }
    at += count;
  }
  return OkStatus();
}

Status Verifier::CompareKeys(const Context& context, const std::vector<std::string>& keys) {
  Entries source;
  reading_ = Reading();
  STRATA_RETURN_IF_ERROR(Read(*stores_.source, context, keys, &source, &reading_.view));
  reading_.open = true;
  STRATA_RETURN_IF_ERROR(Follow(context));
  Entries target;
  std::uint64_t unused = 0;
  STRATA_RETURN_IF_ERROR(Read(*stores_.target, context, keys, &target, &unused));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (reading_.changed.contains(keys[i])) continue;
    if (source[i] != target[i]) return Differs("a row that was changed meanwhile");
    if (source[i].first != 0) {
      source_.Add({keys[i], source[i].first, source[i].second});
      target_.Add({keys[i], target[i].first, target[i].second});
    }
    changed_.erase(keys[i]);
  }
  reading_ = Reading();
  return OkStatus();
}

Status Verifier::CheckChanged(const Context& context) {
  std::vector<std::string> keys;
  for (const std::string& key : changed_) {
    if (keys.size() == kKeysPerRound) break;
    keys.push_back(key);
  }
  return keys.empty() ? Follow(context) : CompareKeys(context, keys);
}

Status Verifier::CheckRest(const Context& context) {
  STRATA_RETURN_IF_ERROR(Follow(context));
  while (!changed_.empty()) {
    const std::size_t before = changed_.size();
    STRATA_RETURN_IF_ERROR(CheckChanged(context));
    if (changed_.size() >= before) return Unavailable("the source is still written to");
  }
  if (!(source_ == target_)) return Differs("their digests");
  return OkStatus();
}

}  // namespace strata::storage::replica
