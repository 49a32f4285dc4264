#include "plugins/data_fhir/bundle/overlay_view.h"

#include <utility>
#include <vector>

#include "plugins/data_fhir/store/records.h"

namespace strata::fhir::bundle {

using layout::ResourceNumber;

ResourceNumber OverlayView::Add(layout::TypeNumber type, std::string_view id, json::Value resource,
                                const index::Extractor& extractor) {
  const ResourceNumber n = layout::kMaxResourceNumber - pending_.size();
  Pending& pending = pending_[n];
  pending.header.type = type;
  pending.header.id = id;
  pending.header.version_id = 1;
  pending.json = resource.raw();
  extractor.Extract(type, resource, &entries_);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    rows_.emplace(layout::IndexKey(type, entries_[i].parameter, entries_[i].value, n),
                  std::string());
  }
  if (!id.empty()) {
    store::AppendNumber(n, &rows_[layout::IdKey(layout::TypeNameOf(type), id)]);
  }
  return n;
}

Status OverlayView::Get(std::span<const std::string> keys, const GetCallback& callback) {
  return base_.Get(keys, [&](std::size_t i, const layout::StoredRow& row) {
    const auto found = rows_.find(row.key);
    if (found == rows_.end()) return callback(i, row);
    const std::string value = std::string(row.value).append(found->second);
    callback(i, {row.key, row.version != 0 ? row.version : as_of(), value});
  });
}

Status OverlayView::Scan(std::string_view begin, std::string_view end,
                         const layout::ScanOptions& options, const RowCallback& callback) {
  std::vector<std::string_view> mine;
  for (auto row = rows_.lower_bound(begin); row != rows_.end() && (end.empty() || row->first < end);
       ++row) {
    mine.push_back(row->first);
  }
  if (mine.empty()) return base_.Scan(begin, end, options, callback);
  if (options.reverse) std::reverse(mine.begin(), mine.end());

  std::uint64_t left = options.limit == 0 ? UINT64_MAX : options.limit;
  bool stopped = false;
  auto next = mine.begin();
  const auto give = [&](const layout::StoredRow& row) {
    stopped = stopped || left == 0 || !callback(row);
    if (!stopped) --left;
    return !stopped;
  };
  const auto give_mine = [&](std::string_view key) {
    return give({key, as_of(), options.keys_only ? std::string_view() : rows_.find(key)->second});
  };
  layout::ScanOptions all = options;
  all.limit = 0;
  STRATA_RETURN_IF_ERROR(base_.Scan(begin, end, all, [&](const layout::StoredRow& row) {
    while (next != mine.end() && (options.reverse ? *next > row.key : *next < row.key)) {
      if (!give_mine(*next++)) return false;
    }
    return give(row);
  }));
  while (!stopped && next != mine.end()) give_mine(*next++);
  return {};
}

Status OverlayView::ReadResources(std::span<const ResourceNumber> numbers, bool with_json,
                                  const ResourceCallback& callback) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto pending = pending_.find(numbers[i]);
    if (pending != pending_.end()) {
      STRATA_RETURN_IF_ERROR(callback(i, {numbers[i], &pending->second.header, as_of(),
                                          with_json ? pending->second.json : std::string_view()}));
      continue;
    }
    STRATA_RETURN_IF_ERROR(base_.ReadResources(
        numbers.subspan(i, 1), with_json, [&](std::size_t, const layout::StoredResource& resource) {
          return callback(i, resource);
        }));
  }
  return {};
}

}  // namespace strata::fhir::bundle
