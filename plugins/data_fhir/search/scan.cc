#include "plugins/data_fhir/search/scan.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/layout/lifetime.h"

namespace strata::fhir::search {

Status RangeReader::Read(layout::View& view, std::uint64_t rows, const Callback& callback) {
  std::uint64_t read = 0;
  std::string last;
  Status broken;
  const auto each = [&](const layout::StoredRow& row) {
    ++read;
    last = row.key;
    if (!layout::AliveAt(row.version, row.value, view.as_of())) return true;
    layout::IndexKeyParts parts;
    if (!layout::ParseIndexKey(row.key, &parts)) {
      broken = DataLoss("an index row has an unreadable key");
      return false;
    }
    if (callback(parts.value, parts.n)) return true;
    rows = read;  // Stopped here: there may be more.
    return false;
  };
  STRATA_RETURN_IF_ERROR(view.Scan(begin_, end_, {.reverse = reverse_, .limit = rows}, each));
  STRATA_RETURN_IF_ERROR(broken);
  rows_read_ += read;
  done_ = read < rows;
  if (done_) return {};
  if (reverse_) {
    end_ = std::move(last);
  } else {
    begin_ = std::move(last);
    begin_.push_back('\0');
  }
  return {};
}

namespace {

Status AppendCandidates(layout::View& view, const std::vector<ResourceName>& names,
                        Numbers* numbers, std::vector<std::size_t>* origin) {
  std::vector<std::string> keys;
  keys.reserve(names.size());
  for (const ResourceName& name : names) keys.push_back(layout::IdKey(name.type, name.id));
  return view.Get(keys, [&](std::size_t i, const layout::StoredRow& row) {
    std::string_view list = row.value;
    while (list.size() >= layout::kResourceNumberBytes) {
      numbers->push_back(layout::ReadBigEndian(list, layout::kResourceNumberBytes));
      origin->push_back(i);
      list.remove_prefix(layout::kResourceNumberBytes);
    }
  });
}

}  // namespace

Result<Numbers> NumbersOf(layout::View& view, const std::vector<ResourceName>& names) {
  Numbers candidates;
  std::vector<std::size_t> origin;
  STRATA_RETURN_IF_ERROR(AppendCandidates(view, names, &candidates, &origin));
  Numbers found;
  const auto check = [&](std::size_t i, const layout::StoredResource& resource) -> Status {
    if (resource.header == nullptr || resource.header->change == layout::Change::kDeleted) {
      return {};
    }
    const ResourceName& name = names[origin[i]];
    if (resource.header->id == name.id && layout::TypeNameOf(resource.header->type) == name.type) {
      found.push_back(resource.n);
    }
    return {};
  };
  STRATA_RETURN_IF_ERROR(view.ReadResources(candidates, /*with_json=*/false, check));
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace strata::fhir::search
