#include "plugins/data_fhir/store/records.h"

#include <utility>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::store {
namespace {

using layout::ResourceNumber;
using layout::Row;

// A number of an I row, and which key it may belong to.
struct Candidate {
  std::size_t key = 0;
  ResourceNumber n = 0;
};

}  // namespace

Result<std::vector<ResourceNumber>> NumbersOfIdRow(std::string_view value) {
  if (value.size() % layout::kResourceNumberBytes != 0) {
    return DataLoss("an id row has an unreadable value");
  }
  std::vector<ResourceNumber> numbers;
  for (; !value.empty(); value.remove_prefix(layout::kResourceNumberBytes)) {
    numbers.push_back(layout::ReadBigEndian(value, layout::kResourceNumberBytes));
  }
  return numbers;
}

void AppendNumber(ResourceNumber n, std::string* id_row) {
  layout::AppendBigEndian(n, layout::kResourceNumberBytes, id_row);
}

Result<std::vector<Current>> Records::Load(const Context& cx,
                                           std::span<const ResourceKey> keys) const {
  std::vector<std::string> row_keys;
  row_keys.reserve(keys.size());
  for (const ResourceKey& key : keys) {
    row_keys.push_back(layout::IdKey(layout::TypeNameOf(key.type), key.id));
  }
  STRATA_ASSIGN_OR_RETURN(auto id_rows, hosting_.Get(cx, row_keys));

  std::vector<Current> all(keys.size());
  std::vector<Candidate> candidates;
  row_keys.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    all[i].id_row = std::move(id_rows[i].value);
    all[i].id_row_version = id_rows[i].version;
    STRATA_ASSIGN_OR_RETURN(const auto numbers, NumbersOfIdRow(all[i].id_row));
    for (const ResourceNumber n : numbers) {
      candidates.push_back({i, n});
      row_keys.push_back(layout::CurrentKey(n));
    }
  }
  if (candidates.empty()) return all;

  STRATA_ASSIGN_OR_RETURN(auto rows, hosting_.Get(cx, row_keys));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (rows[i].version == 0) return DataLoss("an id row leads to a resource that is not there");
    STRATA_ASSIGN_OR_RETURN(Row row, layout::ParseRow(rows[i].value));
    const ResourceKey& key = keys[candidates[i].key];
    if (row.header.type != key.type || row.header.id != key.id) continue;  // the same hash only
    Current& current = all[candidates[i].key];
    current.n = candidates[i].n;
    current.header = std::move(row.header);
    current.row_version = rows[i].version;
    current.row = std::move(rows[i].value);
  }
  return all;
}

Result<Current> Records::LoadOne(const Context& cx, const ResourceKey& key) const {
  STRATA_ASSIGN_OR_RETURN(auto all, Load(cx, {&key, 1}));
  return std::move(all.front());
}

Result<std::string> Records::Text(const Context& cx, ResourceNumber n, const Row& row) const {
  std::string text;
  if (row.header.change == layout::Change::kDeleted) return text;
  if (row.header.chunks == 0) {
    STRATA_RETURN_IF_ERROR(codec_.Unpack(row.header.codec, row.body, row.header.body_bytes, &text));
    return text;
  }
  std::string packed(row.body);
  for (std::uint32_t chunk = 1; chunk <= row.header.chunks; ++chunk) {
    STRATA_ASSIGN_OR_RETURN(const HostedRow piece,
                            hosting_.GetOne(cx, layout::ChunkKey(n, row.header.version_id, chunk)));
    if (piece.version == 0) return DataLoss("a piece of a large resource is not there");
    packed.append(piece.value);
  }
  STRATA_RETURN_IF_ERROR(codec_.Unpack(row.header.codec, packed, row.header.body_bytes, &text));
  return text;
}

Result<Version> Records::UnpackRow(const Context& cx, ResourceNumber n, const HostedRow& hosted,
                                   bool with_json) const {
  STRATA_ASSIGN_OR_RETURN(Row row, layout::ParseRow(hosted.value));
  Version version;
  version.n = n;
  version.commit_version =
      row.header.commit_version != 0 ? row.header.commit_version : hosted.version;
  if (with_json) {
    STRATA_ASSIGN_OR_RETURN(version.json, Text(cx, n, row));
  }
  version.header = std::move(row.header);
  return version;
}

Result<Version> Records::Unpack(const Context& cx, const Current& current) const {
  STRATA_ASSIGN_OR_RETURN(Row row, layout::ParseRow(current.row));
  STRATA_ASSIGN_OR_RETURN(std::string text, Text(cx, current.n, row));
  return Version{current.n, current.row_version, std::move(row.header), std::move(text)};
}

Result<std::optional<Version>> Records::ReadVersion(const Context& cx, const Current& current,
                                                    layout::VersionId version_id) const {
  std::optional<Version> found;
  if (!current.known() || version_id == 0 || version_id > current.header.version_id) return found;
  if (version_id == current.header.version_id) {
    STRATA_ASSIGN_OR_RETURN(found, Unpack(cx, current));
    return found;
  }
  STRATA_ASSIGN_OR_RETURN(const HostedRow hosted,
                          hosting_.GetOne(cx, layout::HistoryKey(current.n, version_id)));
  if (hosted.version == 0) return found;
  STRATA_ASSIGN_OR_RETURN(found, UnpackRow(cx, current.n, hosted, /*with_json=*/true));
  return found;
}

Result<std::vector<Version>> Records::ReadVersions(const Context& cx,
                                                   std::span<const VersionKey> keys,
                                                   bool with_json) const {
  std::vector<std::string> row_keys;
  for (const VersionKey& key : keys) row_keys.push_back(layout::CurrentKey(key.n));
  STRATA_ASSIGN_OR_RETURN(const auto rows, hosting_.Get(cx, row_keys));

  // What is not current any more stands in history, to where it went before the read above.
  std::vector<Version> versions(keys.size());
  std::vector<std::size_t> older;
  row_keys.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (rows[i].version == 0) return DataLoss("a version is listed that is not there");
    STRATA_ASSIGN_OR_RETURN(const Row row, layout::ParseRow(rows[i].value));
    if (row.header.version_id == keys[i].version_id) {
      STRATA_ASSIGN_OR_RETURN(versions[i], UnpackRow(cx, keys[i].n, rows[i], with_json));
      continue;
    }
    older.push_back(i);
    row_keys.push_back(layout::HistoryKey(keys[i].n, keys[i].version_id));
  }
  if (older.empty()) return versions;
  STRATA_ASSIGN_OR_RETURN(const auto history, hosting_.Get(cx, row_keys));
  for (std::size_t i = 0; i < older.size(); ++i) {
    if (history[i].version == 0) return DataLoss("a version is listed that is not there");
    const std::size_t at = older[i];
    STRATA_ASSIGN_OR_RETURN(versions[at], UnpackRow(cx, keys[at].n, history[i], with_json));
  }
  return versions;
}

}  // namespace strata::fhir::store
