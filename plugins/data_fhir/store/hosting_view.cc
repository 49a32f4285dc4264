#include "plugins/data_fhir/store/hosting_view.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::store {
namespace {

using layout::ResourceNumber;

// Resources whose rows are in memory at once.
constexpr std::size_t kBatch = 60;
// And kept, in case they are asked for again.
constexpr std::size_t kMostKept = 2 * kBatch;

}  // namespace

std::uint64_t HostingView::as_of() const {
  if (!as_of_) {
    const Result<std::uint64_t> latest = records_.hosting().LatestVersion(cx_);
    as_of_ = latest.ok() ? *latest : 0;
    moment_known_ = latest.status();
  }
  return *as_of_;
}

Result<std::vector<HostedRow>> HostingView::Read(std::span<const std::string> keys) {
  STRATA_RETURN_IF_ERROR(moment_known_);
  std::uint64_t version = 0;
  STRATA_ASSIGN_OR_RETURN(auto rows, records_.hosting().Get(cx_, keys, &version));
  if (!as_of_ && !rows.empty()) as_of_ = version;
  return rows;
}

Status HostingView::Get(std::span<const std::string> keys, const GetCallback& callback) {
  STRATA_ASSIGN_OR_RETURN(const auto rows, Read(keys));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    callback(i, {keys[i], rows[i].version, rows[i].value});
  }
  return {};
}

Status HostingView::Scan(std::string_view begin, std::string_view end,
                         const layout::ScanOptions& options, const RowCallback& callback) {
  STRATA_RETURN_IF_ERROR(moment_known_);
  const Hosting::ScanRange range{begin, end, options.reverse, options.keys_only, options.limit};
  const auto visit = [&](std::string_view key, std::uint64_t version, std::string_view value) {
    return callback({key, version, value});
  };
  if (as_of_) return records_.hosting().Scan(cx_, range, visit);
  STRATA_RETURN_IF_ERROR(records_.hosting().Scan(cx_, range, visit, &as_of_));
  if (as_of_) return {};
  // Nothing was there at a moment that was not told: there may be something at the one from now on.
  static_cast<void>(as_of());
  return Scan(begin, end, options, callback);
}

Status HostingView::ReadResources(std::span<const ResourceNumber> numbers, bool with_json,
                                  const ResourceCallback& callback) {
  for (std::size_t at = 0; at < numbers.size(); at += kBatch) {
    const auto batch = numbers.subspan(at, std::min(kBatch, numbers.size() - at));
    STRATA_ASSIGN_OR_RETURN(const std::vector<KeptRow> rows, Fetch(batch));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::uint64_t version = rows[i]->hosted.version;
      const bool is_current = version != 0 && version <= as_of();
      STRATA_RETURN_IF_ERROR(
          is_current ? Answer(at + i, batch[i], version, rows[i]->row, with_json, callback)
                     : AnswerFromHistory(at + i, batch[i], with_json, callback));
    }
  }
  return {};
}

// What checks a condition, sorts and answers reads the same few rows: they are kept.
Result<std::vector<HostingView::KeptRow>> HostingView::Fetch(
    std::span<const ResourceNumber> numbers) {
  if (kept_.size() + numbers.size() > kMostKept) kept_.clear();
  std::vector<KeptRow> rows;
  std::vector<std::size_t> places;
  std::vector<ResourceNumber> missing;
  for (const ResourceNumber n : numbers) {
    const auto kept = kept_.find(n);
    rows.push_back(kept == kept_.end() ? nullptr : kept->second);
    if (rows.back() != nullptr) continue;
    places.push_back(rows.size() - 1);
    missing.push_back(n);
  }
  if (missing.empty()) return rows;
  STRATA_ASSIGN_OR_RETURN(auto read, ReadCurrent(missing));
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const auto kept = std::make_shared<Kept>();
    kept->hosted = std::move(read[i]);
    if (kept->hosted.version != 0) {
      STRATA_ASSIGN_OR_RETURN(kept->row, layout::ParseRow(kept->hosted.value));
    }
    rows[places[i]] = kept;
    kept_[missing[i]] = kept;
  }
  return rows;
}

Result<std::vector<HostedRow>> HostingView::ReadCurrent(std::span<const ResourceNumber> numbers) {
  const bool in_order =
      std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>()) == numbers.end();
  if (in_order && layout::AreClose(numbers)) {
    std::vector<HostedRow> rows(numbers.size());
    const auto each = [&, at = std::size_t{0}](const layout::StoredRow& row) mutable {
      const ResourceNumber n = layout::NumberOfCurrentKey(row.key);
      while (at < numbers.size() && numbers[at] < n) ++at;
      if (at < numbers.size() && numbers[at] == n) {
        rows[at] = {row.version, std::string(row.value)};
      }
      return true;
    };
    const std::string end = layout::PrefixEnd(layout::CurrentKey(numbers.back()));
    STRATA_RETURN_IF_ERROR(Scan(layout::CurrentKey(numbers.front()), end, {}, each));
    return rows;
  }
  std::vector<std::string> keys;
  for (const ResourceNumber n : numbers) keys.push_back(layout::CurrentKey(n));
  return Read(keys);
}

Status HostingView::Answer(std::size_t index, ResourceNumber n, std::uint64_t row_version,
                           const layout::Row& row, bool with_json,
                           const ResourceCallback& callback) {
  std::string text;
  if (with_json) {
    STRATA_ASSIGN_OR_RETURN(text, records_.Text(cx_, n, row));
  }
  const std::uint64_t commit_version =
      row.header.commit_version != 0 ? row.header.commit_version : row_version;
  return callback(index, {n, &row.header, commit_version, text});
}

Status HostingView::AnswerFromHistory(std::size_t index, ResourceNumber n, bool with_json,
                                      const ResourceCallback& callback) {
  const std::string begin = layout::HistoryPrefix(n);
  std::string found;
  Status broken;
  STRATA_RETURN_IF_ERROR(
      records_.hosting().Scan(cx_, {begin, layout::PrefixEnd(begin), false, false, 0},
                              [&](std::string_view, std::uint64_t, std::string_view value) {
                                const Result<layout::Row> row = layout::ParseRow(value);
                                if (!row.ok()) {
                                  broken = row.status();
                                  return false;
                                }
                                if (row->header.commit_version > as_of()) return true;
                                found = value;
                                return false;
                              }));
  STRATA_RETURN_IF_ERROR(broken);
  if (found.empty()) return callback(index, {n, nullptr, 0, {}});
  STRATA_ASSIGN_OR_RETURN(const layout::Row row, layout::ParseRow(found));
  return Answer(index, n, 0, row, with_json, callback);
}

}  // namespace strata::fhir::store
