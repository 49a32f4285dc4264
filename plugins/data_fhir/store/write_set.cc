#include "plugins/data_fhir/store/write_set.h"

#include <algorithm>
#include <map>
#include <utility>

#include "plugins/data_fhir/index/kept_values.h"
#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/index_row.h"
#include "plugins/data_fhir/store/index_rows.h"

namespace strata::fhir::store {
namespace {

using layout::Change;
using layout::RowHeader;

bool Before(const index::EntryList::Entry& a, const index::EntryList::Entry& b) {
  return a.parameter != b.parameter ? a.parameter < b.parameter : a.value < b.value;
}

}  // namespace

NextVersion NextAfter(const Current& current, std::int64_t now_us) {
  // meta.lastUpdated shows milliseconds: what is kept is what is shown.
  constexpr std::int64_t kMillisecond = 1000;
  NextVersion next;
  next.change = current.exists() ? Change::kUpdated : Change::kCreated;
  next.version_id = current.known() ? current.header.version_id + 1 : 1;
  next.last_updated_us = now_us / kMillisecond * kMillisecond;
  if (current.known()) {
    next.last_updated_us = std::max(next.last_updated_us, current.header.last_updated_us);
  }
  return next;
}

Status WriteSet::Build(const Context& cx, std::vector<Write>& writes, RowChanges* changes) {
  index_changes_.clear();
  new_rows_.Clear();
  STRATA_ASSIGN_OR_RETURN(set_, definitions_.Refresh(cx));
  STRATA_RETURN_IF_ERROR(definitions_.Change(cx, *set_, writes, changes));
  redefines_ = std::any_of(writes.begin(), writes.end(), [](const Write& write) {
    return write.key.type_name() == "SearchParameter";
  });
  STRATA_RETURN_IF_ERROR(Number(cx, writes));
  for (const Write& write : writes) {
    const bool is_new = write.current.row_version == 0;
    if (is_new) {
      std::string id_row = write.current.id_row;
      AppendNumber(write.current.n, &id_row);
      std::string key = layout::IdKey(write.key.type_name(), write.key.id);
      changes->RequireUnchanged(key, write.current.id_row_version);
      changes->Put(std::move(key), std::move(id_row));
    } else {
      changes->RequireVersion(layout::CurrentKey(write.current.n), write.current.row_version);
      MoveToHistory(write, changes);
    }
    STRATA_RETURN_IF_ERROR(Extract(write, write.json, &entries_));
    PutResource(write, changes);
    if (is_new) {
      IndexNew(write);
    } else {
      STRATA_RETURN_IF_ERROR(CompareIndex(cx, write));
    }
  }
  new_rows_.Finish([changes](std::string key, std::string value) {
    changes->Put(std::move(key), std::move(value));
  });
  return PutIndexChanges(cx, changes);
}

Status WriteSet::Number(const Context& cx, std::vector<Write>& writes) {
  const auto is_new = [](const Write& write) { return !write.current.known(); };
  const auto count = static_cast<std::size_t>(std::count_if(writes.begin(), writes.end(), is_new));
  if (count == 0) return {};
  STRATA_ASSIGN_OR_RETURN(const auto numbers, numbers_.Take(cx, count));
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] != numbers[i - 1] + 1) new_rows_.Break(numbers[i]);
  }
  auto next = numbers.begin();
  for (Write& write : writes) {
    if (is_new(write)) write.current.n = *next++;
  }
  return {};
}

void WriteSet::PutResource(const Write& write, RowChanges* changes) const {
  const layout::ResourceNumber n = write.current.n;
  RowHeader header;
  header.type = write.key.type;
  header.id = write.key.id;
  header.change = write.change;
  header.version_id = write.version_id;
  header.last_updated_us = write.last_updated_us;
  header.body_bytes = static_cast<std::uint32_t>(write.json.size());
  header.kept = index::KeptOf(write.key.type, entries_);
  BodyCodec::Packed packed;
  if (!write.json.empty()) packed = records_.codec().Pack(write.json);
  header.codec = packed.codec;

  std::string_view rest = packed.bytes;
  const std::string_view first = rest.substr(0, std::min(rest.size(), kInlineBytes));
  rest.remove_prefix(first.size());
  for (; !rest.empty(); rest.remove_prefix(std::min(rest.size(), kChunkBytes))) {
    ++header.chunks;
    changes->Put(layout::ChunkKey(n, write.version_id, header.chunks),
                 std::string(rest.substr(0, kChunkBytes)));
  }
  std::string row;
  row.reserve(first.size() + 64);
  layout::AppendRowHeader(header, &row);
  row.append(first);
  changes->Put(layout::CurrentKey(n), std::move(row));
  changes->Put(layout::TimelineKey({write.key.type, 0, n, write.version_id}),
               layout::EncodeTimelineValue({write.last_updated_us, write.change}),
               layout::kTimelineStampAt);
}

void WriteSet::MoveToHistory(const Write& write, RowChanges* changes) const {
  RowHeader header = write.current.header;
  header.commit_version = write.current.row_version;
  std::string row;
  layout::AppendRowHeader(header, &row);
  if (const auto parsed = layout::ParseRow(write.current.row); parsed.ok()) {
    row.append(parsed->body);
  }
  changes->Put(layout::HistoryKey(write.current.n, header.version_id), std::move(row));
}

Status WriteSet::Extract(const Write& write, std::string_view json, index::EntryList* entries) {
  entries->Clear();
  if (json.empty()) return {};
  STRATA_ASSIGN_OR_RETURN(const json::Value root, parser_.Parse(json));
  set_->extractor().Extract(write.key.type, root, entries);
  return {};
}

Status WriteSet::Commit(const Context& cx, RowChanges changes) {
  STRATA_RETURN_IF_ERROR(records_.hosting().Commit(cx, std::move(changes)).status());
  // A failure to look costs a second: the reindexer looks as well.
  if (redefines_) static_cast<void>(definitions_.Refresh(cx));
  return {};
}

void WriteSet::AddLives(layout::TypeNumber type, layout::ResourceNumber n,
                        const index::EntryList& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    index_changes_.push_back(
        {layout::IndexPrefix(type, entries[i].parameter, entries[i].value), {n, /*begins=*/true}});
  }
}

void WriteSet::IndexNew(const Write& write) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    new_rows_.Add(write.key.type, entries_[i].parameter, entries_[i].value, write.current.n);
  }
}

// What differs between the index entries of the stored version and of the new one.
Status WriteSet::CompareIndex(const Context& cx, const Write& write) {
  if (write.current_json) {
    STRATA_RETURN_IF_ERROR(Extract(write, *write.current_json, &old_entries_));
  } else {
    STRATA_ASSIGN_OR_RETURN(const Version old, records_.Unpack(cx, write.current));
    STRATA_RETURN_IF_ERROR(Extract(write, old.json, &old_entries_));
  }
  Compare(write);
  return {};
}

void WriteSet::Compare(const Write& write) {
  const auto change = [&](const index::EntryList::Entry& entry, bool begins) {
    index_changes_.push_back({layout::IndexPrefix(write.key.type, entry.parameter, entry.value),
                              {write.current.n, begins}});
  };
  std::size_t before = 0;
  std::size_t after = 0;
  while (before < old_entries_.size() || after < entries_.size()) {
    const bool only_before =
        after == entries_.size() ||
        (before < old_entries_.size() && Before(old_entries_[before], entries_[after]));
    const bool only_after =
        before == old_entries_.size() ||
        (after < entries_.size() && Before(entries_[after], old_entries_[before]));
    if (only_before) {
      change(old_entries_[before++], /*begins=*/false);
    } else if (only_after) {
      change(entries_[after++], /*begins=*/true);
    } else {
      ++before;
      ++after;
    }
  }
}

Status WriteSet::PutIndexChanges(const Context& cx, RowChanges* changes) {
  // By row: a run may hold several of the resources.
  std::map<std::string, std::pair<IndexRow, std::vector<layout::MemberChange>>> rows;
  for (const IndexChange& change : index_changes_) {
    STRATA_ASSIGN_OR_RETURN(IndexRow found,
                            FindIndexRow(records_.hosting(), cx, change.prefix, change.change.n));
    if (!found.key.empty()) {
      auto& row = rows[found.key];
      row.second.push_back(change.change);
      row.first = std::move(found);
    } else if (change.change.begins) {
      std::string key = change.prefix;
      layout::AppendBigEndian(change.change.n, layout::kResourceNumberBytes, &key);
      changes->Put(std::move(key), {});
    }
  }
  for (auto& [key, row] : rows) {
    const auto& [found, members] = row;
    STRATA_ASSIGN_OR_RETURN(auto value,
                            layout::ChangeMembers(found.last, found.version, found.value, members));
    if (!value) continue;  // as wanted: an extractor of another release
    // Others may change the other resources of a run; one's own row is guarded by its R row.
    if (layout::FirstOf(found.last, found.value) != found.last) {
      changes->RequireVersion(key, found.version);
    }
    changes->Put(key, *std::move(value));
  }
  return {};
}

}  // namespace strata::fhir::store
