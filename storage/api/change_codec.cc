#include "storage/api/change_codec.h"

#include <algorithm>
#include <utility>

#include "core/base/rows.h"
#include "storage/api/validate.h"

namespace strata::storage {

void ChangeEncoder::Add(const Change& change) {
  if (part_.size() >= part_bytes_) {
    full_.push_back(std::move(part_));
    part_.clear();
    last_key_.clear();
  }
  const auto difference =
      std::mismatch(change.key.begin(), change.key.end(), last_key_.begin(), last_key_.end());
  const auto shared = static_cast<std::size_t>(difference.first - change.key.begin());
  part_.push_back(static_cast<char>(change.kind));
  AppendVarint(&part_, shared);
  AppendBytes(&part_, change.key.substr(shared));
  if (change.kind == MutationKind::kDeleteRange) AppendBytes(&part_, change.range_end);
  last_key_.resize(shared);
  last_key_.append(change.key.substr(shared));
}

std::vector<std::string> ChangeEncoder::TakeParts() {
  full_.push_back(std::move(part_));
  return std::move(full_);
}

Result<ChangeList> ChangeList::Decode(std::string_view part) {
  ChangeList list;
  std::size_t last_at = 0;
  std::size_t last_size = 0;
  while (!part.empty()) {
    Entry entry{static_cast<MutationKind>(part[0]), list.bytes_.size(), 0, 0};
    part.remove_prefix(1);
    std::uint64_t shared = 0;
    std::string_view rest;
    std::string_view end;
    const bool has_end = entry.kind == MutationKind::kDeleteRange;
    if (entry.kind < MutationKind::kPut || entry.kind > MutationKind::kDeleteRange ||
        !TakeVarint(&part, &shared) || shared > last_size || !TakeBytes(&part, &rest) ||
        (has_end && !TakeBytes(&part, &end))) {
      return DataLoss("an entry of the commit feed is damaged");
    }
    list.bytes_.reserve(list.bytes_.size() + shared + rest.size() + end.size());
    list.bytes_.append(list.bytes_.data() + last_at, shared);
    list.bytes_.append(rest).append(end);
    entry.key_size = shared + rest.size();
    entry.end_size = end.size();
    last_at = entry.key_at;
    last_size = entry.key_size;
    list.entries_.push_back(entry);
  }
  return list;
}

std::vector<Change> ChangeList::Matching(const KeyRange* range) const {
  std::vector<Change> changes;
  const std::string_view bytes = bytes_;
  for (const Entry& entry : entries_) {
    const Change change{entry.kind, bytes.substr(entry.key_at, entry.key_size),
                        bytes.substr(entry.key_at + entry.key_size, entry.end_size)};
    if (range == nullptr || Touches(change, *range)) changes.push_back(change);
  }
  return changes;
}

}  // namespace strata::storage
