#include "plugins/data_fhir/service/watcher.h"

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/timeline.h"

namespace strata::fhir::service {
namespace {

using data::v1::WatchRequest;
using data::v1::WatchResponse;

constexpr std::size_t kBatch = 60;

// A cursor is not sealed: it opens nothing that its holder may not see anyway.
std::optional<std::uint64_t> VersionOfCursor(std::string_view cursor) {
  std::uint64_t version = 0;
  const char* end = cursor.data() + cursor.size();
  const auto parsed = std::from_chars(cursor.data(), end, version);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return version;
}

class Watcher {
 public:
  Watcher(store::Store& store, const Context& cx, const WatchRequest& request,
          FunctionRef<bool(WatchResponse&)> visit)
      : store_(store), cx_(cx), request_(request), visit_(visit) {}

  Status Run(std::uint64_t after) {
    while (!stopped_) {
      STRATA_ASSIGN_OR_RETURN(const std::uint64_t latest, store_.hosting.LatestVersion(cx_));
      STRATA_RETURN_IF_ERROR(Send(after, latest));
      after = latest;
      if (request_.stop_at_end() || stopped_) return {};
      STRATA_RETURN_IF_ERROR(WaitForCommit(after));
    }
    return {};
  }

 private:
  // The commits in (after, until], and the cursor behind them.
  Status Send(std::uint64_t after, std::uint64_t until) {
    STRATA_ASSIGN_OR_RETURN(auto types, Types());
    store::Timeline timeline(store_.hosting, cx_, std::move(types),
                             {store::TimelinePosition::Before(after + 1),
                              store::TimelinePosition::Behind(until), /*reverse=*/false});
    std::vector<store::TimelineItem> batch;
    std::uint64_t last = after;
    while (!stopped_) {
      if (cx_.Cancelled()) return Cancelled("the caller is gone");
      STRATA_ASSIGN_OR_RETURN(const auto item, timeline.Next());
      // A message ends where a commit ends, so that its cursor loses and repeats nothing.
      const bool commit_ended = !item || item->key.stamp != last;
      if (commit_ended && (batch.size() >= kBatch || (!item && !batch.empty()))) {
        STRATA_RETURN_IF_ERROR(Flush(&batch, last));
      }
      if (!item) break;
      last = item->key.stamp;
      batch.push_back(*item);
    }
    WatchResponse end;
    end.set_cursor(CursorBehind(until));
    if (!stopped_) stopped_ = !visit_(end);
    return {};
  }

  Result<std::vector<layout::TypeNumber>> Types() {
    if (request_.types().empty()) return store::TypesInStore(store_.hosting, cx_);
    std::vector<layout::TypeNumber> types;
    for (const std::string& type : request_.types()) types.push_back(layout::TypeNumberOf(type));
    return types;
  }

  // Sends in messages of kBatch versions; only the last one of a commit has a cursor.
  Status Flush(std::vector<store::TimelineItem>* batch, std::uint64_t last) {
    for (std::size_t at = 0; at < batch->size() && !stopped_; at += kBatch) {
      const std::size_t end = std::min(batch->size(), at + kBatch);
      WatchResponse message;
      STRATA_RETURN_IF_ERROR(Fill({batch->begin() + static_cast<std::ptrdiff_t>(at),
                                   batch->begin() + static_cast<std::ptrdiff_t>(end)},
                                  &message));
      if (end == batch->size()) message.set_cursor(CursorBehind(last));
      stopped_ = !visit_(message);
    }
    batch->clear();
    return {};
  }

  Status Fill(std::span<const store::TimelineItem> items, WatchResponse* message) {
    std::vector<store::Records::VersionKey> keys;
    for (const store::TimelineItem& item : items) keys.push_back({item.key.n, item.key.version});
    STRATA_ASSIGN_OR_RETURN(const auto versions,
                            store_.records.ReadVersions(cx_, keys, request_.with_json()));
    for (const store::Version& version : versions) {
      store::FillResource(version, message->add_resources());
    }
    return {};
  }

  Status WaitForCommit(std::uint64_t after) {
    hosting::v1::WatchRequest watch;
    watch.set_after_version(after);
    const char timeline = static_cast<char>(layout::RowKind::kTimeline);
    watch.mutable_range()->set_begin(std::string(1, timeline));
    watch.mutable_range()->set_end(std::string(1, timeline + 1));
    return store_.hosting.client().Watch(cx_, watch, [&](hosting::v1::WatchResponse& response) {
      return response.commits_size() == 0 && !cx_.Cancelled();
    });
  }

  store::Store& store_;
  const Context& cx_;
  const WatchRequest& request_;
  FunctionRef<bool(WatchResponse&)> visit_;
  bool stopped_ = false;
};

}  // namespace

std::string CursorBehind(std::uint64_t version) { return std::to_string(version); }

Status Watch(store::Store& store, const Context& cx, const WatchRequest& request,
             FunctionRef<bool(WatchResponse&)> visit) {
  for (const std::string& type : request.types()) {
    if (layout::TypeNumberOf(type) == 0) return store::UnknownType(type);
  }
  std::uint64_t after = 0;
  if (request.cursor().empty()) {
    STRATA_ASSIGN_OR_RETURN(after, store.hosting.LatestVersion(cx));
  } else {
    const auto version = VersionOfCursor(request.cursor());
    if (!version) {
      return store::Fault(Code::kInvalidArgument, "value", "not a cursor of this store", "cursor");
    }
    after = *version;
  }
  return Watcher(store, cx, request, visit).Run(after);
}

}  // namespace strata::fhir::service
