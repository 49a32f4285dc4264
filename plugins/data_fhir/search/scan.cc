#include "plugins/data_fhir/search/scan.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"
#include "plugins/data_fhir/layout/keys.h"

namespace strata::fhir::search {

Status RangeReader::Read(layout::View& view, std::uint64_t rows, const Callback& callback) {
  std::uint64_t read = 0;
  std::string last;
  Status broken;
  const auto each = [&](const layout::StoredRow& row) {
    ++read;
    last = row.key;
    layout::IndexKeyParts parts;
    members_.clear();
    if (!layout::ParseIndexKey(row.key, &parts) ||
        !layout::AppendAlive(parts.n, row.version, row.value, view.as_of(), &members_)) {
      broken = DataLoss("an index row cannot be read");
      return false;
    }
    if (reverse_) std::reverse(members_.begin(), members_.end());
    if (members_.empty() || callback(parts.value, members_)) return true;
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

void RangeReader::BeginAt(std::string key) {
  begin_ = std::max(begin_, std::move(key));
  done_ = done_ || (!end_.empty() && begin_ >= end_);
}

void RangeReader::EndAt(std::string key) {
  if (end_.empty() || key < end_) end_ = std::move(key);
  done_ = done_ || begin_ >= end_;
}

namespace {

// Rows that are read at once when little is known about how dense they are, and at most. The first
// row tells of a candidate.
constexpr std::uint64_t kFirstRows = 1;
constexpr std::uint64_t kMostRows = 256;

}  // namespace

void SortUnique(Numbers* numbers) {
  if (!std::is_sorted(numbers->begin(), numbers->end())) {
    std::sort(numbers->begin(), numbers->end());
  }
  numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
}

Result<bool> HasRows(layout::View& view, const std::string& prefix) {
  bool any = false;
  STRATA_RETURN_IF_ERROR(view.Scan(prefix, layout::PrefixEnd(prefix),
                                   {.keys_only = true, .limit = 1}, [&](const layout::StoredRow&) {
                                     any = true;
                                     return false;
                                   }));
  return any;
}

Status MarkHolders(layout::View& view, layout::TypeNumber type, layout::ParameterNumber parameter,
                   std::string_view value, const Numbers& candidates, std::vector<char>* holds,
                   std::uint64_t* rows_read) {
  const std::string end = layout::PrefixEnd(layout::IndexPrefix(type, parameter, value));
  Numbers members;
  Status broken;
  std::string last;
  auto candidate = candidates.begin();
  std::uint64_t limit = kFirstRows;
  while (candidate != candidates.end()) {
    std::uint64_t rows = 0;
    bool in_gap = false;
    const auto each = [&](const layout::StoredRow& row) {
      ++rows;
      last = row.key;
      layout::IndexKeyParts parts;
      members.clear();
      if (!layout::ParseIndexKey(row.key, &parts) ||
          !layout::AppendAlive(parts.n, row.version, row.value, view.as_of(), &members)) {
        broken = DataLoss("an index row cannot be read");
        return false;
      }
      if (parts.value != value) return true;  // Behind an empty value, which does not end itself.
      const auto before = candidate;
      for (const layout::ResourceNumber n : members) {
        candidate = std::lower_bound(candidate, candidates.end(), n);
        if (candidate == candidates.end()) return false;
        if (*candidate == n) (*holds)[static_cast<std::size_t>(candidate - candidates.begin())] = 1;
      }
      candidate = std::upper_bound(candidate, candidates.end(), parts.n);
      in_gap = candidate == before;
      return !in_gap && candidate != candidates.end();
    };
    std::string begin = layout::IndexKey(type, parameter, value, *candidate);
    if (begin <= last) begin = last.append(1, '\0');
    STRATA_RETURN_IF_ERROR(view.Scan(begin, end, {.limit = limit}, each));
    STRATA_RETURN_IF_ERROR(broken);
    *rows_read += rows;
    if (rows < limit && !in_gap) break;
    // Rows that hold candidates one after another are read on; gaps are sought past.
    limit = in_gap ? kFirstRows : std::min(limit * 2, kMostRows);
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
  SortUnique(&found);
  return found;
}

}  // namespace strata::fhir::search
