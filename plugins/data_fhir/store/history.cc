#include "plugins/data_fhir/store/history.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/timeline.h"

namespace strata::fhir::store {
namespace {

using data::v1::HistoryRequest;

// Versions whose texts are in memory at once.
constexpr std::size_t kBatch = 60;

std::uint32_t PageSize(const HistoryRequest& request) {
  return request.count() == 0 ? kDefaultPageSize : std::min(request.count(), kMaxPageSize);
}

// What a token is good for: everything of the request but the page.
std::string Purpose(const HistoryRequest& request) {
  return std::string("history ")
      .append(request.type())
      .append("/")
      .append(request.id())
      .append(" ")
      .append(std::to_string(request.since_us()))
      .append(" ")
      .append(std::to_string(request.at_begin_us()))
      .append(" ")
      .append(std::to_string(request.at_end_us()));
}

// What a token holds: the moment, a place in the history (in bytes of the kind of history), and the
// side of the place that the page is on: older versions, or newer ones.
struct PageStart {
  std::uint64_t as_of = 0;  // 0: the first page
  std::string place;
  bool newer = false;
};
constexpr std::size_t kVersionBytes = 8;
constexpr char kNewer = '\1';

Result<PageStart> OpenToken(Store& store, const Context& cx, const HistoryRequest& request,
                            std::size_t place_bytes) {
  PageStart start;
  if (request.page_token().empty()) return start;
  STRATA_ASSIGN_OR_RETURN(const std::string payload,
                          store.tokens.Open(cx, Purpose(request), request.page_token()));
  if (payload.size() < kVersionBytes + place_bytes) {
    return Internal("a sealed page token holds no place");
  }
  start.as_of = layout::ReadBigEndian(payload, kVersionBytes);
  start.place = payload.substr(kVersionBytes, place_bytes);
  start.newer = payload.size() > kVersionBytes + place_bytes;
  return start;
}

Result<std::string> SealToken(Store& store, const Context& cx, const HistoryRequest& request,
                              const PageStart& start) {
  std::string payload;
  layout::AppendBigEndian(start.as_of, kVersionBytes, &payload);
  payload.append(start.place);
  if (start.newer) payload.push_back(kNewer);
  return store.tokens.Seal(cx, Purpose(request), payload);
}

// Which versions the request is about. FHIR R4 http.html#history: _since and _at.
class Filter {
 public:
  explicit Filter(const HistoryRequest& request)
      : since_us_(request.since_us()),
        at_begin_us_(request.at_begin_us()),
        at_end_us_(request.at_end_us()) {}

  bool Wants(std::int64_t last_updated_us) const {
    if (last_updated_us < since_us_) return false;
    return at_end_us_ == 0 || last_updated_us < at_end_us_;
  }
  // A version from before the period counts if it was still current in it: whoever asks must know
  // when the next version came.
  bool NeedsNext(std::int64_t last_updated_us) const {
    return at_end_us_ != 0 && last_updated_us < at_begin_us_;
  }
  bool WantsWithNext(std::optional<std::int64_t> next_updated_us) const {
    return !next_updated_us || *next_updated_us > at_begin_us_;
  }

 private:
  const std::int64_t since_us_;
  const std::int64_t at_begin_us_;
  const std::int64_t at_end_us_;
};

// Pages of types and of the system, from the timeline.
class TimelinePage {
 public:
  TimelinePage(Store& store, const Context& cx, const HistoryRequest& request)
      : store_(store), cx_(cx), request_(request), filter_(request) {}

  // What is older than `place`, or newer. *beyond: there is more behind it on that side.
  Status Run(std::uint64_t as_of, const TimelinePosition& place, bool newer,
             FunctionRef<bool(Version&)> visit, bool* beyond) {
    STRATA_RETURN_IF_ERROR(Collect(as_of, place, newer, beyond));
    if (newer) std::reverse(page_.begin(), page_.end());
    for (std::size_t at = 0; at < page_.size(); at += kBatch) {
      const std::size_t count = std::min(page_.size() - at, kBatch);
      STRATA_ASSIGN_OR_RETURN(const bool more, Answer({page_.data() + at, count}, visit));
      if (!more) break;
    }
    return {};
  }
  bool empty() const { return page_.empty(); }
  TimelinePosition first() const { return PositionOf(page_.front().key); }
  TimelinePosition last() const { return PositionOf(page_.back().key); }

 private:
  Status Collect(std::uint64_t as_of, const TimelinePosition& place, bool newer, bool* beyond) {
    STRATA_ASSIGN_OR_RETURN(auto types, Types());
    Timeline::Range range{{}, place, /*reverse=*/true};
    if (newer) {
      range = {place, TimelinePosition::Behind(as_of), /*reverse=*/false};
      ++range.from.version;
    }
    Timeline timeline(store_.hosting, cx_, std::move(types), range);
    while (true) {
      STRATA_ASSIGN_OR_RETURN(const auto item, timeline.Next());
      if (!item) return {};
      if (cx_.Cancelled()) return Cancelled("the caller is gone");
      STRATA_ASSIGN_OR_RETURN(const bool wanted, Wants(*item, as_of));
      if (!wanted) continue;
      *beyond = page_.size() == PageSize(request_);
      if (*beyond) return {};
      page_.push_back(*item);
    }
  }

  Result<std::vector<layout::TypeNumber>> Types() {
    if (request_.type().empty()) return TypesInStore(store_.hosting, cx_);
    return std::vector<layout::TypeNumber>{layout::TypeNumberOf(request_.type())};
  }

  Result<bool> Wants(const TimelineItem& item, std::uint64_t as_of) {
    if (!filter_.Wants(item.value.last_updated_us)) return false;
    if (!filter_.NeedsNext(item.value.last_updated_us)) return true;
    const std::string row_key = layout::CurrentKey(item.key.n);
    STRATA_ASSIGN_OR_RETURN(const HostedRow row, store_.hosting.GetOne(cx_, row_key));
    STRATA_ASSIGN_OR_RETURN(const layout::Row parsed, layout::ParseRow(row.value));
    if (parsed.header.version_id == item.key.version) return filter_.WantsWithNext({});
    const Records::VersionKey next[] = {{item.key.n, item.key.version + 1}};
    STRATA_ASSIGN_OR_RETURN(const auto versions,
                            store_.records.ReadVersions(cx_, next, /*with_json=*/false));
    if (versions.front().commit_version > as_of) return filter_.WantsWithNext({});
    return filter_.WantsWithNext(versions.front().header.last_updated_us);
  }

  Result<bool> Answer(std::span<const TimelineItem> items, FunctionRef<bool(Version&)> visit) {
    std::vector<Records::VersionKey> keys;
    for (const TimelineItem& item : items) keys.push_back({item.key.n, item.key.version});
    STRATA_ASSIGN_OR_RETURN(auto versions,
                            store_.records.ReadVersions(cx_, keys, /*with_json=*/true));
    for (Version& version : versions) {
      if (!visit(version)) return false;
    }
    return true;
  }

  Store& store_;
  const Context& cx_;
  const HistoryRequest& request_;
  const Filter filter_;
  std::vector<TimelineItem> page_;
};

// Pages of one resource: its R row, then its H rows.
class InstancePage {
 public:
  InstancePage(Store& store, const Context& cx, const HistoryRequest& request)
      : store_(store), cx_(cx), request_(request), filter_(request) {}

  // Versions below `place` (0: all) or, `newer`, the next ones above it; none newer than as_of.
  // *beyond: there is more behind them on that side.
  Status Run(const Current& current, std::uint64_t as_of, layout::VersionId place, bool newer,
             FunctionRef<bool(Version&)> visit, bool* beyond) {
    const std::size_t size = PageSize(request_);
    const auto consider = [&](const layout::RowHeader& header, std::uint64_t commit_version) {
      if (commit_version > as_of) return true;
      const auto next = next_updated_us_;
      next_updated_us_ = header.last_updated_us;
      if (newer && header.version_id <= place) return false;
      if (!newer && place != 0 && header.version_id >= place) return true;
      if (!Wants(header, next)) return true;
      if (page_.size() == size) {
        *beyond = true;
        if (!newer) return false;
        page_.pop_front();
      }
      page_.push_back(header.version_id);
      return true;
    };
    if (consider(current.header, current.row_version)) {
      STRATA_RETURN_IF_ERROR(ScanHistory(current.n, consider));
    }
    return Answer(current.n, visit);
  }
  bool empty() const { return page_.empty(); }
  layout::VersionId first() const { return page_.front(); }
  layout::VersionId last() const { return page_.back(); }

 private:
  bool Wants(const layout::RowHeader& header, std::optional<std::int64_t> next) const {
    if (!filter_.Wants(header.last_updated_us)) return false;
    return !filter_.NeedsNext(header.last_updated_us) || filter_.WantsWithNext(next);
  }

  Status ScanHistory(layout::ResourceNumber n,
                     FunctionRef<bool(const layout::RowHeader&, std::uint64_t)> consider) {
    const std::string begin = layout::HistoryPrefix(n);
    Status broken;
    STRATA_RETURN_IF_ERROR(
        store_.hosting.Scan(cx_, {begin, layout::PrefixEnd(begin), false, false, 0},
                            [&](std::string_view, std::uint64_t, std::string_view value) {
                              const Result<layout::Row> row = layout::ParseRow(value);
                              if (!row.ok()) {
                                broken = row.status();
                                return false;
                              }
                              return consider(row->header, row->header.commit_version);
                            }));
    return broken;
  }

  Status Answer(layout::ResourceNumber n, FunctionRef<bool(Version&)> visit) {
    std::vector<Records::VersionKey> keys;
    for (std::size_t at = 0; at < page_.size(); at += kBatch) {
      keys.clear();
      for (std::size_t i = at; i < std::min(page_.size(), at + kBatch); ++i) {
        keys.push_back({n, page_[i]});
      }
      STRATA_ASSIGN_OR_RETURN(auto versions,
                              store_.records.ReadVersions(cx_, keys, /*with_json=*/true));
      for (Version& version : versions) {
        if (!visit(version)) return {};
      }
    }
    return {};
  }

  Store& store_;
  const Context& cx_;
  const HistoryRequest& request_;
  const Filter filter_;
  std::deque<layout::VersionId> page_;
  std::optional<std::int64_t> next_updated_us_;
};

std::string PlaceOf(layout::VersionId version) {
  std::string place;
  layout::AppendBigEndian(version, kVersionBytes, &place);
  return place;
}
std::string PlaceOf(const TimelinePosition& position) { return position.Encode(); }

// The links of a page: the one that it was asked from leads back.
template <typename Page>
Status SealTokens(Store& store, const Context& cx, const HistoryRequest& request,
                  const PageStart& start, const Page& page, bool beyond, HistoryLinks* links) {
  if (page.empty()) return {};
  const bool follows = !start.place.empty();
  if (start.newer ? follows : beyond) {
    STRATA_ASSIGN_OR_RETURN(
        links->next, SealToken(store, cx, request, {start.as_of, PlaceOf(page.last()), false}));
  }
  if (start.newer ? beyond : follows) {
    STRATA_ASSIGN_OR_RETURN(
        links->previous, SealToken(store, cx, request, {start.as_of, PlaceOf(page.first()), true}));
  }
  return {};
}

Status InstanceHistory(Store& store, const Context& cx, const HistoryRequest& request,
                       FunctionRef<bool(Version&)> visit, HistoryLinks* links) {
  STRATA_ASSIGN_OR_RETURN(const ResourceKey key, CheckKey(request.type(), request.id()));
  STRATA_ASSIGN_OR_RETURN(PageStart start, OpenToken(store, cx, request, kVersionBytes));
  const auto place =
      start.place.empty()
          ? layout::VersionId{0}
          : static_cast<layout::VersionId>(layout::ReadBigEndian(start.place, kVersionBytes));
  STRATA_ASSIGN_OR_RETURN(const Current current, store.records.LoadOne(cx, key));
  if (!current.known()) return NoSuchResource(key.type_name(), key.id);
  if (start.as_of == 0) start.as_of = current.row_version;
  InstancePage page(store, cx, request);
  bool beyond = false;
  STRATA_RETURN_IF_ERROR(page.Run(current, start.as_of, place, start.newer, visit, &beyond));
  return SealTokens(store, cx, request, start, page, beyond, links);
}

Status TimelineHistory(Store& store, const Context& cx, const HistoryRequest& request,
                       FunctionRef<bool(Version&)> visit, HistoryLinks* links) {
  if (!request.type().empty() && layout::TypeNumberOf(request.type()) == 0) {
    return UnknownType(request.type());
  }
  STRATA_ASSIGN_OR_RETURN(PageStart start,
                          OpenToken(store, cx, request, TimelinePosition{}.Encode().size()));
  if (start.as_of == 0) {
    STRATA_ASSIGN_OR_RETURN(start.as_of, store.hosting.LatestVersion(cx));
  }
  const auto place = start.place.empty() ? TimelinePosition::Behind(start.as_of)
                                         : TimelinePosition::Decode(start.place);
  if (!place) return Internal("a sealed page token holds no position");
  TimelinePage page(store, cx, request);
  bool beyond = false;
  STRATA_RETURN_IF_ERROR(page.Run(start.as_of, *place, start.newer, visit, &beyond));
  return SealTokens(store, cx, request, start, page, beyond, links);
}

}  // namespace

Status History(Store& store, const Context& cx, const HistoryRequest& request,
               FunctionRef<bool(Version&)> visit, HistoryLinks* links) {
  if (!request.id().empty()) return InstanceHistory(store, cx, request, visit, links);
  return TimelineHistory(store, cx, request, visit, links);
}

}  // namespace strata::fhir::store
