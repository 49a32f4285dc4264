#include "storage/memory/version_map.h"

#include <algorithm>
#include <utility>

namespace strata::storage::memory {
namespace {

std::int64_t SizeOf(std::string_view key, const VersionMap::Entry& entry) {
  return static_cast<std::int64_t>(key.size() + (entry.value ? entry.value->size() : 0));
}

}  // namespace

const VersionMap::Entry* VersionMap::Visible(const Chain& chain, Version view) {
  for (auto entry = chain.rbegin(); entry != chain.rend(); ++entry) {
    if (entry->version <= view) return entry->value ? &*entry : nullptr;
  }
  return nullptr;
}

const VersionMap::Entry* VersionMap::Find(std::string_view key, Version view) const {
  const auto found = map_.find(key);
  return found == map_.end() ? nullptr : Visible(found->second, view);
}

void VersionMap::Visit(const KeyRange& range, bool reverse, Version view,
                       const Visitor& visit) const {
  if (!range.end.empty() && range.end <= range.begin) return;
  auto begin = map_.lower_bound(range.begin);
  auto end = range.end.empty() ? map_.end() : map_.lower_bound(range.end);
  while (begin != end) {
    const auto at = reverse ? --end : begin++;
    const Entry* entry = Visible(at->second, view);
    if (entry != nullptr && !visit(at->first, *entry)) return;
  }
}

void VersionMap::Put(std::string_view key, Version version, std::string value) {
  auto at = map_.find(key);
  if (at == map_.end()) at = map_.emplace(std::string(key), Chain()).first;
  Append(at, {version, std::move(value)});
}

void VersionMap::Delete(std::string_view key, Version version) {
  const auto at = map_.find(key);
  if (at != map_.end() && at->second.back().value) Append(at, {version, {}});
}

void VersionMap::Ingest(std::string_view key, Version version, std::optional<std::string> value) {
  auto at = map_.find(key);
  if (at == map_.end()) {
    if (!value) return;
    at = map_.emplace(std::string(key), Chain()).first;
  }
  if (at->second.empty() || at->second.back().version <= version) {
    Append(at, {version, std::move(value)});
  }
}

void VersionMap::Erase(std::string_view key) {
  const auto at = map_.find(key);
  if (at == map_.end()) return;
  for (const Entry& entry : at->second) size_bytes_ -= SizeOf(key, entry);
  map_.erase(at);
}

bool VersionMap::Rewrite(const Replacement& row) {
  const auto at = map_.find(row.key);
  if (at == map_.end()) return false;
  Entry& entry = at->second.back();
  if (entry.version != row.version || !entry.value) return false;
  if (row.expected && *entry.value != *row.expected) return false;
  size_bytes_ -= SizeOf(row.key, entry);
  entry.value.emplace(row.value);
  size_bytes_ += SizeOf(row.key, entry);
  return true;
}

void VersionMap::Append(Map::iterator at, Entry entry) {
  Chain& chain = at->second;
  size_bytes_ += SizeOf(at->first, entry);
  if (!chain.empty() && chain.back().version == entry.version) {
    size_bytes_ -= SizeOf(at->first, chain.back());
    chain.back() = std::move(entry);
  } else {
    chain.push_back(std::move(entry));
  }
  if (chain.size() > 1 || !chain.back().value) prunable_.insert(at->first);
}

bool VersionMap::Prune(Map::iterator at, Version oldest_view) {
  Chain& chain = at->second;
  // The first entry that the oldest view still sees, or that came after it.
  auto keep = std::find_if(chain.rbegin(), chain.rend(), [&](const Entry& entry) {
                return entry.version <= oldest_view;
              }).base();
  if (keep != chain.begin()) --keep;
  if (!keep->value && keep->version <= oldest_view) ++keep;  // nobody sees the deleted value
  for (auto entry = chain.begin(); entry != keep; ++entry) {
    size_bytes_ -= SizeOf(at->first, *entry);
  }
  chain.erase(chain.begin(), keep);
  return chain.empty();
}

void VersionMap::Undo(Version version, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const auto at = map_.find(key);
    if (at == map_.end() || at->second.back().version != version) continue;
    size_bytes_ -= SizeOf(key, at->second.back());
    at->second.pop_back();
    if (at->second.empty()) map_.erase(at);
  }
}

void VersionMap::Collect(Version oldest_view) {
  for (auto key = prunable_.begin(); key != prunable_.end();) {
    const auto at = map_.find(*key);
    const bool gone = at == map_.end() || Prune(at, oldest_view);
    const bool settled = gone || (at->second.size() == 1 && at->second.back().value);
    if (gone && at != map_.end()) map_.erase(at);
    key = settled ? prunable_.erase(key) : std::next(key);
  }
}

}  // namespace strata::storage::memory
