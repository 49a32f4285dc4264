#include "plugins/data_fhir/store/request_log.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/hash.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::store {
namespace {

// Value: time (8 bytes, microseconds), fingerprint (8), then 11 bytes an item. Longer lists go on
// in rows of the same key with the number of the piece behind it. Stored: never change.
constexpr std::size_t kHeadBytes = 16;
constexpr std::size_t kItemBytes = 2 + layout::kResourceNumberBytes + 4;
constexpr std::size_t kItemsPerRow = 30'000;
constexpr std::uint64_t kSweepRows = 256;
constexpr std::uint64_t kSweepOneIn = 64;

std::string PieceKey(const std::string& key, std::size_t piece) {
  std::string out = key;
  if (piece > 0) layout::AppendBigEndian(piece, 2, &out);
  return out;
}

void AppendItem(const RememberedItem& item, std::string* out) {
  layout::AppendBigEndian(item.status, 2, out);
  layout::AppendBigEndian(item.n, layout::kResourceNumberBytes, out);
  layout::AppendBigEndian(item.version_id, 4, out);
}

RememberedItem ParseItem(std::string_view bytes) {
  RememberedItem item;
  item.status = static_cast<std::uint16_t>(layout::ReadBigEndian(bytes, 2));
  item.n = layout::ReadBigEndian(bytes.substr(2), layout::kResourceNumberBytes);
  item.version_id = static_cast<layout::VersionId>(
      layout::ReadBigEndian(bytes.substr(2 + layout::kResourceNumberBytes), 4));
  return item;
}

// Some rows from a place that the new key chooses, so that in time all are looked at.
Status Sweep(Store& store, const Context& cx, const std::string& key, RowChanges* changes) {
  const std::string end(1, static_cast<char>(layout::RowKind::kRequest) + 1);
  const std::int64_t oldest = store.now_us() - kRememberUs;
  return store.hosting.Scan(
      cx, {key, end, false, false, kSweepRows},
      [&](std::string_view row_key, std::uint64_t, std::string_view value) {
        const bool old = value.size() >= 8 &&
                         static_cast<std::int64_t>(layout::ReadBigEndian(value, 8)) < oldest;
        if (old) changes->Erase(std::string(row_key));
        return true;
      });
}

// What is read may be less safe than the store promises, as in a mirror whose second side was lost
// during the commit: a commit behind it that succeeds says that it is not.
Status Confirm(Store& store, const Context& cx, const std::string& key, const HostedRow& row) {
  RowChanges changes;
  changes.RequireVersion(key, row.version);
  changes.Put(key, row.value);
  return store.hosting.Commit(cx, std::move(changes)).status();
}

}  // namespace

Result<std::optional<std::vector<RememberedItem>>> Recall(Store& store, const Context& cx,
                                                          const RequestName& request) {
  std::optional<std::vector<RememberedItem>> items;
  if (request.id.empty()) return items;
  const std::string key = layout::RequestKey(request.id);
  for (std::size_t piece = 0;; ++piece) {
    STRATA_ASSIGN_OR_RETURN(const HostedRow row, store.hosting.GetOne(cx, PieceKey(key, piece)));
    if (row.version == 0) return items;
    if (row.value.size() < kHeadBytes || (row.value.size() - kHeadBytes) % kItemBytes != 0) {
      return DataLoss("what a request_id did cannot be read");
    }
    if (layout::ReadBigEndian(std::string_view(row.value).substr(8), 8) != request.fingerprint) {
      return Fault(Code::kInvalidArgument, "duplicate",
                   "this request_id was used for another request", "request_id");
    }
    if (piece == 0) STRATA_RETURN_IF_ERROR(Confirm(store, cx, key, row));
    if (!items) items.emplace();
    for (std::size_t at = kHeadBytes; at < row.value.size(); at += kItemBytes) {
      items->push_back(ParseItem(std::string_view(row.value).substr(at)));
    }
    if (row.value.size() < kHeadBytes + kItemsPerRow * kItemBytes) return items;
  }
}

Status Remember(Store& store, const Context& cx, const RequestName& request,
                const std::vector<RememberedItem>& items, RowChanges* changes) {
  if (request.id.empty()) return {};
  const std::string key = layout::RequestKey(request.id);
  changes->RequireAbsent(key);
  std::size_t at = 0;
  for (std::size_t piece = 0; piece == 0 || at < items.size(); ++piece) {
    std::string value;
    layout::AppendBigEndian(static_cast<std::uint64_t>(store.now_us()), 8, &value);
    layout::AppendBigEndian(request.fingerprint, 8, &value);
    for (std::size_t i = 0; i < kItemsPerRow && at < items.size(); ++i) {
      AppendItem(items[at++], &value);
    }
    changes->Put(PieceKey(key, piece), std::move(value));
  }
  if (layout::Hash64(key) % kSweepOneIn != 0) return {};
  return Sweep(store, cx, key, changes);
}

}  // namespace strata::fhir::store
