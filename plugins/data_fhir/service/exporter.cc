#include "plugins/data_fhir/service/exporter.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/service/watcher.h"
#include "plugins/data_fhir/store/fault.h"
#include "plugins/data_fhir/store/hosting_view.h"

namespace strata::fhir::service {
namespace {

using data::v1::ExportRequest;
using data::v1::ExportResponse;
using layout::ResourceNumber;
using store::Records;
using store::Version;

// Resources that are looked at together.
constexpr std::uint64_t kBatch = 60;
constexpr std::size_t kMessageBytes = std::size_t{512} << 10;

// Empty: before the first.
Result<ResourceNumber> PositionOf(std::string_view text) {
  ResourceNumber number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty()) return number;
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return number;
  return store::Fault(Code::kInvalidArgument, "value", "not a position of this store", "after");
}

class Exporter {
 public:
  Exporter(store::Store& store, const Context& cx, const ExportRequest& request,
           std::uint64_t as_of, FunctionRef<bool(ExportResponse&)> visit)
      : store_(store), cx_(cx), request_(request), as_of_(as_of), visit_(visit) {
    for (const std::string& type : request.types()) types_.insert(layout::TypeNumberOf(type));
  }

  Status Run() {
    message_.set_watch_cursor(CursorBehind(as_of_));
    STRATA_ASSIGN_OR_RETURN(position_, PositionOf(request_.after()));
    std::string begin = layout::CurrentKey(position_ == 0 ? 0 : position_ + 1);
    const std::string end = layout::CurrentKey(layout::kMaxResourceNumber);
    STRATA_RETURN_IF_ERROR(EstimateTotal(begin, end));
    while (!stopped_) {
      if (cx_.Cancelled()) return Cancelled("the caller is gone");
      std::vector<ResourceNumber> numbers;
      STRATA_RETURN_IF_ERROR(
          store_.hosting.Scan(cx_, {begin, end, false, true, kBatch},
                              [&](std::string_view key, std::uint64_t, std::string_view) {
                                numbers.push_back(layout::NumberOfCurrentKey(key));
                                return true;
                              }));
      if (numbers.empty()) break;
      begin = layout::CurrentKey(numbers.back() + 1);
      STRATA_RETURN_IF_ERROR(request_.all_versions() ? AddAllVersions(numbers)
                                                     : AddCurrent(numbers));
      position_ = numbers.back();
    }
    Flush();
    return {};
  }

 private:
  // Numbers are given in the order of creation, and few are left out.
  Status EstimateTotal(const std::string& begin, const std::string& end) {
    return store_.hosting.Scan(cx_, {begin, end, true, true, 1},
                               [&](std::string_view key, std::uint64_t, std::string_view) {
                                 const ResourceNumber last = layout::NumberOfCurrentKey(key);
                                 message_.set_total_estimate(static_cast<std::int64_t>(last));
                                 return true;
                               });
  }

  Status AddCurrent(const std::vector<ResourceNumber>& numbers) {
    store::HostingView view(store_.records, cx_, as_of_);
    return view.ReadResources(numbers, /*with_json=*/true,
                              [&](std::size_t, const layout::StoredResource& resource) -> Status {
                                if (resource.header == nullptr || resource.json.empty()) return {};
                                Version version{resource.n, resource.commit_version,
                                                *resource.header, std::string(resource.json)};
                                Add(version);
                                return {};
                              });
  }

  // The versions of each resource, oldest first, so that an import can follow.
  Status AddAllVersions(const std::vector<ResourceNumber>& numbers) {
    for (const ResourceNumber n : numbers) {
      STRATA_ASSIGN_OR_RETURN(const auto keys, VersionsOf(n));
      for (std::size_t at = 0; at < keys.size(); at += kBatch) {
        const auto some =
            std::span(keys).subspan(at, std::min<std::size_t>(kBatch, keys.size() - at));
        STRATA_ASSIGN_OR_RETURN(auto versions,
                                store_.records.ReadVersions(cx_, some, /*with_json=*/true));
        for (Version& version : versions) {
          if (version.commit_version <= as_of_) Add(version);
        }
      }
      position_ = n;
    }
    return {};
  }

  Result<std::vector<Records::VersionKey>> VersionsOf(ResourceNumber n) {
    STRATA_ASSIGN_OR_RETURN(const store::HostedRow row,
                            store_.hosting.GetOne(cx_, layout::CurrentKey(n)));
    STRATA_ASSIGN_OR_RETURN(const layout::Row current, layout::ParseRow(row.value));
    std::vector<Records::VersionKey> keys = {{n, current.header.version_id}};
    const std::string begin = layout::HistoryPrefix(n);
    STRATA_RETURN_IF_ERROR(
        store_.hosting.Scan(cx_, {begin, layout::PrefixEnd(begin), false, true, 0},
                            [&](std::string_view key, std::uint64_t, std::string_view) {
                              keys.push_back({n, layout::VersionOfHistoryKey(key)});
                              return true;
                            }));
    std::reverse(keys.begin(), keys.end());
    return keys;
  }

  void Add(Version& version) {
    if (stopped_ || version.header.last_updated_us < request_.since_us()) return;
    if (!types_.empty() && !types_.contains(version.header.type)) return;
    bytes_ += version.json.size();
    store::FillResource(version, message_.add_resources());
    if (bytes_ >= kMessageBytes) Flush();
  }

  void Flush() {
    if (position_ != 0) message_.set_position(std::to_string(position_));
    if (!stopped_) stopped_ = !visit_(message_);
    message_.Clear();
    bytes_ = 0;
  }

  store::Store& store_;
  const Context& cx_;
  const ExportRequest& request_;
  const std::uint64_t as_of_;
  FunctionRef<bool(ExportResponse&)> visit_;
  std::set<layout::TypeNumber> types_;
  ExportResponse message_;
  std::size_t bytes_ = 0;
  ResourceNumber position_ = 0;  // All before it, and itself, are in what was sent.
  bool stopped_ = false;
};

}  // namespace

Status Export(store::Store& store, const Context& cx, const ExportRequest& request,
              FunctionRef<bool(ExportResponse&)> visit) {
  for (const std::string& type : request.types()) {
    if (layout::TypeNumberOf(type) == 0) return store::UnknownType(type);
  }
  STRATA_ASSIGN_OR_RETURN(const std::uint64_t as_of, store.hosting.LatestVersion(cx));
  return Exporter(store, cx, request, as_of, visit).Run();
}

}  // namespace strata::fhir::service
