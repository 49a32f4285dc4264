#include "plugins/data_fhir/store/hosting_view.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::store {
namespace {

using layout::ResourceNumber;

// Resources whose rows are in memory at once.
constexpr std::size_t kBatch = 60;

}  // namespace

Status HostingView::Get(std::span<const std::string> keys, const GetCallback& callback) {
  STRATA_ASSIGN_OR_RETURN(const auto rows, records_.hosting().Get(cx_, keys));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    callback(i, {keys[i], rows[i].version, rows[i].value});
  }
  return {};
}

Status HostingView::Scan(std::string_view begin, std::string_view end,
                         const layout::ScanOptions& options, const RowCallback& callback) {
  return records_.hosting().Scan(
      cx_, {begin, end, options.reverse, options.keys_only, options.limit},
      [&](std::string_view key, std::uint64_t version, std::string_view value) {
        return callback({key, version, value});
      });
}

Status HostingView::ReadResources(std::span<const ResourceNumber> numbers, bool with_json,
                                  const ResourceCallback& callback) {
  std::vector<std::string> keys;
  for (std::size_t at = 0; at < numbers.size(); at += kBatch) {
    const auto batch = numbers.subspan(at, std::min(kBatch, numbers.size() - at));
    keys.clear();
    for (const ResourceNumber n : batch) keys.push_back(layout::CurrentKey(n));
    STRATA_ASSIGN_OR_RETURN(const auto rows, records_.hosting().Get(cx_, keys));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const bool is_current = rows[i].version != 0 && rows[i].version <= as_of_;
      STRATA_RETURN_IF_ERROR(
          is_current ? Answer(at + i, batch[i], rows[i].version, rows[i].value, with_json, callback)
                     : AnswerFromHistory(at + i, batch[i], with_json, callback));
    }
  }
  return {};
}

Status HostingView::Answer(std::size_t index, ResourceNumber n, std::uint64_t row_version,
                           std::string_view row, bool with_json, const ResourceCallback& callback) {
  STRATA_ASSIGN_OR_RETURN(const layout::Row parsed, layout::ParseRow(row));
  std::string text;
  if (with_json) {
    STRATA_ASSIGN_OR_RETURN(text, records_.Text(cx_, n, parsed));
  }
  const std::uint64_t commit_version =
      parsed.header.commit_version != 0 ? parsed.header.commit_version : row_version;
  return callback(index, {n, &parsed.header, commit_version, text});
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
                                if (row->header.commit_version > as_of_) return true;
                                found = value;
                                return false;
                              }));
  STRATA_RETURN_IF_ERROR(broken);
  if (found.empty()) return callback(index, {n, nullptr, 0, {}});
  return Answer(index, n, 0, found, with_json, callback);
}

}  // namespace strata::fhir::store
