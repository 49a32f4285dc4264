#include "plugins/data_fhir/store/history.h"

#include <algorithm>
#include <optional>
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

  Status Run(std::uint64_t as_of, const TimelinePosition& before, FunctionRef<bool(Version&)> visit,
             std::optional<TimelinePosition>* last) {
    STRATA_ASSIGN_OR_RETURN(auto types, Types());
    Timeline timeline(store_.hosting, cx_, std::move(types), {{}, before, /*reverse=*/true});
    std::vector<TimelineItem> batch;
    std::uint32_t left = PageSize(request_);
    while (true) {
      STRATA_ASSIGN_OR_RETURN(const auto item, timeline.Next());
      if (!item) break;
      if (cx_.Cancelled()) return Cancelled("the caller is gone");
      STRATA_ASSIGN_OR_RETURN(const bool wanted, Wants(*item, as_of));
      if (!wanted) continue;
      if (left == 0) {
        *last = last_;
        break;
      }
      --left;
      last_ = PositionOf(item->key);
      batch.push_back(*item);
      if (batch.size() < kBatch) continue;
      STRATA_ASSIGN_OR_RETURN(const bool more, Flush(&batch, visit));
      if (!more) return {};
    }
    return Flush(&batch, visit).status();
  }

 private:
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

  Result<bool> Flush(std::vector<TimelineItem>* batch, FunctionRef<bool(Version&)> visit) {
    std::vector<Records::VersionKey> keys;
    for (const TimelineItem& item : *batch) keys.push_back({item.key.n, item.key.version});
    STRATA_ASSIGN_OR_RETURN(auto versions,
                            store_.records.ReadVersions(cx_, keys, /*with_json=*/true));
    batch->clear();
    for (Version& version : versions) {
      if (!visit(version)) return false;
    }
    return true;
  }

  Store& store_;
  const Context& cx_;
  const HistoryRequest& request_;
  const Filter filter_;
  TimelinePosition last_;
};

// Pages of one resource: its R row, then its H rows.
class InstancePage {
 public:
  InstancePage(Store& store, const Context& cx, const HistoryRequest& request)
      : store_(store), cx_(cx), request_(request), filter_(request) {}

  // Versions below `before` (0: all), none newer than as_of.
  Status Run(const Current& current, std::uint64_t as_of, layout::VersionId before,
             FunctionRef<bool(Version&)> visit, std::optional<layout::VersionId>* last) {
    left_ = PageSize(request_);
    std::vector<layout::VersionId> page;
    const auto consider = [&](const layout::RowHeader& header, std::uint64_t commit_version) {
      if (commit_version > as_of) return true;
      const auto next = next_updated_us_;
      next_updated_us_ = header.last_updated_us;
      if (before != 0 && header.version_id >= before) return true;
      if (!Wants(header, next)) return true;
      if (left_ == 0) {
        *last = page.back();
        return false;
      }
      --left_;
      page.push_back(header.version_id);
      return true;
    };
    if (consider(current.header, current.row_version)) {
      STRATA_RETURN_IF_ERROR(ScanHistory(current.n, consider));
    }
    return Answer(current.n, page, visit);
  }

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

  Status Answer(layout::ResourceNumber n, const std::vector<layout::VersionId>& page,
                FunctionRef<bool(Version&)> visit) {
    std::vector<Records::VersionKey> keys;
    for (std::size_t at = 0; at < page.size(); at += kBatch) {
      keys.clear();
      for (std::size_t i = at; i < std::min(page.size(), at + kBatch); ++i) {
        keys.push_back({n, page[i]});
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
  std::uint32_t left_ = 0;
  std::optional<std::int64_t> next_updated_us_;
};

constexpr std::size_t kVersionBytes = 8;

Status InstanceHistory(Store& store, const Context& cx, const HistoryRequest& request,
                       FunctionRef<bool(Version&)> visit, std::string* next_page_token) {
  STRATA_ASSIGN_OR_RETURN(const ResourceKey key, CheckKey(request.type(), request.id()));
  std::uint64_t as_of = 0;
  layout::VersionId before = 0;
  if (!request.page_token().empty()) {
    STRATA_ASSIGN_OR_RETURN(const std::string payload,
                            store.tokens.Open(cx, Purpose(request), request.page_token()));
    as_of = layout::ReadBigEndian(payload, kVersionBytes);
    before = static_cast<layout::VersionId>(
        layout::ReadBigEndian(std::string_view(payload).substr(kVersionBytes), kVersionBytes));
  }
  STRATA_ASSIGN_OR_RETURN(const Current current, store.records.LoadOne(cx, key));
  if (!current.known()) return NoSuchResource(key.type_name(), key.id);
  if (as_of == 0) as_of = current.row_version;

  std::optional<layout::VersionId> last;
  STRATA_RETURN_IF_ERROR(
      InstancePage(store, cx, request).Run(current, as_of, before, visit, &last));
  if (!last) return {};
  std::string payload;
  layout::AppendBigEndian(as_of, kVersionBytes, &payload);
  layout::AppendBigEndian(*last, kVersionBytes, &payload);
  STRATA_ASSIGN_OR_RETURN(*next_page_token, store.tokens.Seal(cx, Purpose(request), payload));
  return {};
}

Status TimelineHistory(Store& store, const Context& cx, const HistoryRequest& request,
                       FunctionRef<bool(Version&)> visit, std::string* next_page_token) {
  if (!request.type().empty() && layout::TypeNumberOf(request.type()) == 0) {
    return UnknownType(request.type());
  }
  std::uint64_t as_of = 0;
  TimelinePosition before;
  if (request.page_token().empty()) {
    STRATA_ASSIGN_OR_RETURN(as_of, store.hosting.LatestVersion(cx));
    before = TimelinePosition::Behind(as_of);
  } else {
    STRATA_ASSIGN_OR_RETURN(const std::string payload,
                            store.tokens.Open(cx, Purpose(request), request.page_token()));
    as_of = layout::ReadBigEndian(payload, kVersionBytes);
    const auto position = TimelinePosition::Decode(std::string_view(payload).substr(kVersionBytes));
    if (!position) return Internal("a sealed page token holds no position");
    before = *position;
  }
  std::optional<TimelinePosition> last;
  STRATA_RETURN_IF_ERROR(TimelinePage(store, cx, request).Run(as_of, before, visit, &last));
  if (!last) return {};
  std::string payload;
  layout::AppendBigEndian(as_of, kVersionBytes, &payload);
  payload.append(last->Encode());
  STRATA_ASSIGN_OR_RETURN(*next_page_token, store.tokens.Seal(cx, Purpose(request), payload));
  return {};
}

}  // namespace

Status History(Store& store, const Context& cx, const HistoryRequest& request,
               FunctionRef<bool(Version&)> visit, std::string* next_page_token) {
  if (!request.id().empty()) {
    return InstanceHistory(store, cx, request, visit, next_page_token);
  }
  return TimelineHistory(store, cx, request, visit, next_page_token);
}

}  // namespace strata::fhir::store
