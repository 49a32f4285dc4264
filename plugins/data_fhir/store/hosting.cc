#include "plugins/data_fhir/store/hosting.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <utility>

#include "core/base/rows.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::store {
namespace {

using hosting::v1::CommitRequest;
using hosting::v1::CommitResponse;
using hosting::v1::CommitStreamRequest;

// Rows of one key kind are at most kInlineBytes (body_codec.h) long: a full answer stays below the
// 4 MiB that one message may have.
constexpr std::size_t kKeysPerGet = 60;
constexpr std::size_t kPartBytes = std::size_t{1} << 20;
constexpr std::size_t kRowOverhead = 16;

// A commit is refused so where no space is left (proto/strata/hosting/v1/README.md): trying again
// at once, as when there is too much at a time, is of no use.
Status AsFault(const Status& status) {
  if (status.code() != Code::kResourceExhausted) return status;
  return Fault(status.code(), "no-store", status.message());
}

}  // namespace

void RowChanges::Put(std::string key, std::string value, std::uint32_t stamp_key_at) {
  bytes_ += key.size() + value.size() + kRowOverhead;
  rows_.push_back({std::move(key), std::move(value), stamp_key_at});
}

void RowChanges::Erase(std::string key) {
  bytes_ += key.size() + kRowOverhead;
  rows_.push_back({std::move(key), std::nullopt, kNoStamp});
}

void RowChanges::RequireAbsent(std::string key) { RequireUnchanged(std::move(key), 0); }

void RowChanges::RequireVersion(std::string key, std::uint64_t version) {
  RequireUnchanged(std::move(key), version);
}

void RowChanges::RequireUnchanged(std::string key, std::uint64_t version) {
  bytes_ += key.size() + kRowOverhead;
  requirements_.push_back({std::move(key), version});
}

Result<std::vector<HostedRow>> Hosting::Get(const Context& cx, std::span<const std::string> keys,
                                            std::uint64_t* view_version) const {
  std::vector<HostedRow> rows;
  rows.reserve(keys.size());
  hosting::v1::GetRequest request;
  hosting::v1::GetResponse response;
  for (std::size_t at = 0; at < keys.size(); at += kKeysPerGet) {
    request.clear_keys();
    for (const std::string& key : keys.subspan(at, std::min(kKeysPerGet, keys.size() - at))) {
      request.add_keys(key);
    }
    response.Clear();
    STRATA_RETURN_IF_ERROR(client_.Get(cx, request, &response));
    if (response.entries_size() != request.keys_size()) {
      return Internal("the hosting layer answered another number of rows than asked for");
    }
    if (at == 0 && view_version != nullptr) *view_version = response.view_version();
    for (auto& entry : *response.mutable_entries()) {
      rows.push_back({entry.version(), std::move(*entry.mutable_value())});
    }
  }
  return rows;
}

Result<HostedRow> Hosting::GetOne(const Context& cx, std::string_view key,
                                  std::uint64_t* view_version) const {
  const std::string keys[] = {std::string(key)};
  STRATA_ASSIGN_OR_RETURN(std::vector<HostedRow> rows, Get(cx, keys, view_version));
  return std::move(rows.front());
}

Result<std::uint64_t> Hosting::LatestVersion(const Context& cx) const {
  hosting::v1::DescribeResponse response;
  STRATA_RETURN_IF_ERROR(client_.Describe(cx, {}, &response));
  return response.last_version();
}

Status Hosting::Scan(const Context& cx, const ScanRange& range, RowVisitor visit,
                     std::optional<std::uint64_t>* view_version) const {
  hosting::v1::ScanRequest request;
  request.set_begin(std::string(range.begin));
  request.set_end(std::string(range.end));
  request.set_reverse(range.reverse);
  request.set_keys_only(range.keys_only);
  request.set_limit(range.limit);
  bool broken = false;
  const auto chunk = [&](hosting::v1::ScanResponse& response) {
    if (view_version != nullptr && !*view_version) *view_version = response.view_version();
    RowReader reader(response.rows());
    for (strata::Row row; reader.Next(&row);) {
      if (!visit(row.key, row.version, row.value)) return false;
    }
    broken = !reader.ok();
    return !broken;
  };
  STRATA_RETURN_IF_ERROR(client_.Scan(cx, request, chunk));
  return broken ? Internal("the hosting layer answered rows that cannot be read") : OkStatus();
}

Result<std::uint64_t> Hosting::Commit(const Context& cx, RowChanges changes) const {
  std::stable_sort(changes.rows_.begin(), changes.rows_.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });
  std::size_t requirement = 0;
  std::size_t row = 0;
  // Fills the next part; false when all has been sent.
  const auto fill = [&](CommitRequest* part) {
    std::size_t bytes = 0;
    for (; requirement < changes.requirements_.size() && bytes < kPartBytes; ++requirement) {
      auto& each = changes.requirements_[requirement];
      bytes += each.key.size() + kRowOverhead;
      auto* condition = part->add_preconditions();
      if (each.version == 0) {
        condition->set_key_absent(std::move(each.key));
      } else {
        condition->mutable_key_at_version()->set_key(std::move(each.key));
        condition->mutable_key_at_version()->set_version(each.version);
      }
    }
    for (; row < changes.rows_.size() && bytes < kPartBytes; ++row) {
      auto& each = changes.rows_[row];
      bytes += each.key.size() + kRowOverhead + (each.value ? each.value->size() : 0);
      auto* mutation = part->add_mutations();
      if (!each.value) {
        mutation->set_delete_key(std::move(each.key));
        continue;
      }
      auto* put = mutation->mutable_put();
      put->set_key(std::move(each.key));
      put->set_value(std::move(*each.value));
      if (each.stamp_key_at != RowChanges::kNoStamp) put->set_stamp_key_at(each.stamp_key_at);
    }
    return bytes > 0;
  };

  CommitResponse response;
  if (changes.bytes() < kPartBytes) {
    google::protobuf::Arena arena;
    auto* request = google::protobuf::Arena::CreateMessage<CommitRequest>(&arena);
    fill(request);
    STRATA_RETURN_IF_ERROR(AsFault(client_.Commit(cx, *request, &response)));
    return response.version();
  }
  const auto next = [&](CommitStreamRequest* message) {
    message->Clear();
    return fill(message->mutable_part());
  };
  STRATA_RETURN_IF_ERROR(AsFault(client_.CommitStream(cx, next, &response)));
  return response.version();
}

}  // namespace strata::fhir::store
