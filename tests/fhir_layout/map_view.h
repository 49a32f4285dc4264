#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"
#include "plugins/data_fhir/layout/view.h"

namespace strata::fhir::layout {

// A store for tests: rows in a std::map, each with the version of its "commit". Single-threaded.
class MapStore final {
 public:
  struct Value {
    std::uint64_t version = 0;
    std::string bytes;
  };
  using Rows = std::map<std::string, Value, std::less<>>;

  // The writes until the next Commit() belong to one commit.
  std::uint64_t Commit() { return version_++; }
  std::uint64_t version() const { return version_; }  // of the commit being made

  void Put(std::string key, std::string value) {
    rows_[std::move(key)] = {version_, std::move(value)};
  }

  // A resource's version with its I, R, H and T rows; plain body; no index rows.
  void PutResource(ResourceNumber n, std::string_view type, std::string_view id,
                   std::string_view json, Change change = Change::kCreated,
                   std::optional<std::string> kept = std::nullopt,
                   std::optional<std::int64_t> last_updated_us = std::nullopt) {
    RowHeader header;
    header.type = TypeNumberOf(type);
    header.id = id;
    header.change = change;
    header.version_id = 1;
    header.body_bytes = static_cast<std::uint32_t>(json.size());
    header.last_updated_us =
        last_updated_us.value_or(static_cast<std::int64_t>(version_) * 1'000'000);
    header.kept = std::move(kept);
    if (const auto old = rows_.find(CurrentKey(n)); old != rows_.end()) {
      Row row = *ParseRow(old->second.bytes);
      header.version_id = row.header.version_id + 1;
      row.header.commit_version = old->second.version;
      std::string moved;
      AppendRowHeader(row.header, &moved);
      Put(HistoryKey(n, row.header.version_id), moved.append(row.body));
    }
    std::string number;
    AppendBytesOf(n, &number);
    Put(IdKey(type, id), number);
    std::string value;
    AppendRowHeader(header, &value);
    Put(CurrentKey(n), value.append(json));
    Put(TimelineKey({header.type, version_, n, header.version_id}),
        EncodeTimelineValue({header.last_updated_us, change}));
  }

  void PutIndex(std::string_view type, ParameterNumber parameter, std::string_view value,
                ResourceNumber n) {
    ChangeIndex(TypeNumberOf(type), parameter, value, {n, true});
  }
  void EndIndex(std::string_view type, ParameterNumber parameter, std::string_view value,
                ResourceNumber n) {
    ChangeIndex(TypeNumberOf(type), parameter, value, {n, false});
  }

  const Rows& rows() const { return rows_; }

 private:
  void ChangeIndex(TypeNumber type, ParameterNumber parameter, std::string_view value,
                   const MemberChange& change) {
    const std::string key = IndexKey(type, parameter, value, change.n);
    const std::string prefix = IndexPrefix(type, parameter, value);
    for (auto row = rows_.lower_bound(key); row != rows_.end() && row->first.starts_with(prefix);
         ++row) {
      if (row->first.size() != key.size()) continue;
      const ResourceNumber last =
          ReadBigEndian(std::string_view(row->first).substr(prefix.size()), kResourceNumberBytes);
      if (FirstOf(last, row->second.bytes) > change.n) break;
      const auto changed =
          ChangeMembers(last, row->second.version, row->second.bytes, {&change, 1});
      if (*changed) row->second = {version_, **changed};
      return;
    }
    if (change.begins) Put(key, {});
  }

  static void AppendBytesOf(ResourceNumber n, std::string* out) {
    for (int shift = 32; shift >= 0; shift -= 8) out->push_back(static_cast<char>(n >> shift));
  }

  Rows rows_;
  std::uint64_t version_ = 1;
};

// The view of a MapStore as of a commit; counts what it read.
class MapView final : public View {
 public:
  MapView(const MapStore& store, std::uint64_t as_of) : store_(store), as_of_(as_of) {}
  explicit MapView(const MapStore& store) : MapView(store, store.version()) {}

  std::uint64_t as_of() const override { return as_of_; }
  const model::CustomParameters* custom_parameters() const override { return custom; }
  const index::Extractor* extractor() const override { return with; }
  bool has_id_order() const override { return id_order; }
  bool has_derived() const override { return derived; }
  bool has_covered() const override { return covered; }

  Status Get(std::span<const std::string> keys, const GetCallback& callback) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto row = store_.rows().find(keys[i]);
      ++rows_read;
      if (row == store_.rows().end()) {
        callback(i, {keys[i], 0, {}});
      } else {
        callback(i, {keys[i], row->second.version, row->second.bytes});
      }
    }
    return {};
  }

  Status Scan(std::string_view begin, std::string_view end, const ScanOptions& options,
              const RowCallback& callback) override {
    auto at = store_.rows().lower_bound(begin);
    auto last = end.empty() ? store_.rows().end() : store_.rows().lower_bound(end);
    std::uint64_t left = options.limit == 0 ? UINT64_MAX : options.limit;
    while (left-- > 0 && at != last) {
      const auto row = options.reverse ? std::prev(last) : at;
      ++rows_read;
      const std::string_view value = options.keys_only ? std::string_view() : row->second.bytes;
      if (!callback({row->first, row->second.version, value})) break;
      if (options.reverse) {
        last = row;
      } else {
        ++at;
      }
    }
    return {};
  }

  Status ReadResources(std::span<const ResourceNumber> numbers, bool with_json,
                       const ResourceCallback& callback) override {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      ++rows_read;
      STRATA_RETURN_IF_ERROR(ReadOne(i, numbers[i], with_json, callback));
    }
    return {};
  }

  std::uint64_t rows_read = 0;
  // What the store defines beside the standard, and what its resources are indexed with.
  const model::CustomParameters* custom = nullptr;
  const index::Extractor* with = nullptr;
  bool id_order = true;
  bool derived = true;
  bool covered = false;

 private:
  Status ReadOne(std::size_t index, ResourceNumber n, bool with_json,
                 const ResourceCallback& callback) {
    const auto current = store_.rows().find(CurrentKey(n));
    if (current != store_.rows().end() && current->second.version <= as_of_) {
      return Answer(index, n, current->second.bytes, current->second.version, with_json, callback);
    }
    const std::string prefix = HistoryPrefix(n);
    for (auto row = store_.rows().lower_bound(prefix);
         row != store_.rows().end() && row->first.starts_with(prefix); ++row) {
      const std::uint64_t version = ParseRow(row->second.bytes)->header.commit_version;
      if (version > as_of_) continue;
      return Answer(index, n, row->second.bytes, version, with_json, callback);
    }
    return callback(index, {.n = n, .header = nullptr, .commit_version = 0, .json = {}});
  }

  static Status Answer(std::size_t index, ResourceNumber n, std::string_view bytes,
                       std::uint64_t version, bool with_json, const ResourceCallback& callback) {
    STRATA_ASSIGN_OR_RETURN(const Row row, ParseRow(bytes));
    return callback(index, {n, &row.header, version, with_json ? row.body : std::string_view()});
  }

  const MapStore& store_;
  std::uint64_t as_of_;
};

}  // namespace strata::fhir::layout
