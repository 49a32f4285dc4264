#include "plugins/data_fhir/service/resource_cursor.h"

#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/store/hosting_view.h"
#include "plugins/data_fhir/store/write_set.h"

namespace strata::fhir::service {

using layout::ResourceNumber;
using layout::TypeNumber;

std::string ResourceCursor::Encode() const {
  std::string bytes;
  layout::AppendBigEndian(type, 1, &bytes);
  layout::AppendBigEndian(n, 8, &bytes);
  layout::AppendBigEndian(done, 8, &bytes);
  layout::AppendBigEndian(static_cast<std::uint64_t>(began_us), 8, &bytes);
  return bytes;
}

ResourceCursor ResourceCursor::Decode(std::string_view bytes, std::int64_t now_us) {
  ResourceCursor cursor;
  cursor.began_us = now_us;
  if (bytes.size() != 25) return cursor;
  cursor.type = static_cast<TypeNumber>(layout::ReadBigEndian(bytes, 1));
  cursor.n = layout::ReadBigEndian(bytes.substr(1), 8);
  cursor.done = layout::ReadBigEndian(bytes.substr(9), 8);
  cursor.began_us = static_cast<std::int64_t>(layout::ReadBigEndian(bytes.substr(17), 8));
  return cursor;
}

bool ResourceCursor::at_end() const { return type > layout::TypeCount(); }

void ResourceCursor::PassType() {
  ++type;
  n = 0;
}

void ResourceCursor::Pass(std::span<const ResourceNumber> numbers, std::size_t limit) {
  done += numbers.size();
  if (numbers.size() < limit) return PassType();
  n = numbers.back() + 1;
}

Result<std::vector<ResourceNumber>> ResourcesFrom(const store::Store& store, const Context& cx,
                                                  const ResourceCursor& cursor, std::size_t limit) {
  STRATA_ASSIGN_OR_RETURN(const std::uint64_t latest, store.hosting.LatestVersion(cx));
  store::HostingView view(store.records, cx, latest);
  const std::string all =
      layout::IndexPrefix(cursor.type, layout::ParameterNumberOf(index::kAllCode));
  std::vector<ResourceNumber> numbers;
  STRATA_RETURN_IF_ERROR(layout::ScanIndex(view, layout::WithNumber(all, cursor.n),
                                           layout::PrefixEnd(all), /*reverse=*/false,
                                           [&](const layout::IndexKeyParts& parts) {
                                             if (parts.value.empty() && parts.n >= cursor.n) {
                                               numbers.push_back(parts.n);
                                             }
                                             return numbers.size() < limit;
                                           }));
  return numbers;
}

Status IndexResources(store::Store& store, const Context& cx, TypeNumber type,
                      std::span<const ResourceNumber> numbers, const EntriesOf& entries_of,
                      store::RowChanges* changes) {
  std::vector<std::string> keys;
  for (const ResourceNumber n : numbers) keys.push_back(layout::CurrentKey(n));
  STRATA_ASSIGN_OR_RETURN(const auto rows, store.hosting.Get(cx, keys));
  store::WriteSet lives(store);
  json::Parser parser;
  index::EntryList entries;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].version == 0) continue;
    STRATA_ASSIGN_OR_RETURN(const layout::Row row, layout::ParseRow(rows[i].value));
    if (row.header.change == layout::Change::kDeleted) continue;
    STRATA_ASSIGN_OR_RETURN(const std::string text, store.records.Text(cx, numbers[i], row));
    STRATA_ASSIGN_OR_RETURN(const json::Value root, parser.Parse(text));
    entries_of(root, &entries);
    if (entries.size() == 0) continue;
    changes->RequireVersion(keys[i], rows[i].version);
    lives.AddLives(type, numbers[i], entries);
  }
  return lives.FinishLives(cx, changes);
}

}  // namespace strata::fhir::service
