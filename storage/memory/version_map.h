#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/api/types.h"

namespace strata::storage::memory {

// Ordered keys, each with the versions that some view can still see. Single-threaded: the engine
// locks.
class VersionMap {
 public:
  struct Entry {
    Version version = 0;
    std::optional<std::string> value;  // nothing: deleted by that version
  };
  using Visitor = std::function<bool(std::string_view key, const Entry& entry)>;

  // The value that a view sees, or null.
  const Entry* Find(std::string_view key, Version view) const;

  // Visits what a view sees of a range; the visitor answers false to stop.
  void Visit(const KeyRange& range, bool reverse, Version view, const Visitor& visit) const;

  // Writes as `version`, which is not smaller than any before. What is replaced stays until
  // Collect.
  void Put(std::string_view key, Version version, std::string value);
  void Delete(std::string_view key, Version version);

  // The same for what comes from another store: does nothing where there is a later version.
  void Ingest(std::string_view key, Version version, std::optional<std::string> value);
  // Forgets a key, for every view.
  void Erase(std::string_view key);
  // Replaces the value of the entry of exactly this version; false when there is none, or its value
  // is not the expected one.
  bool Rewrite(const Replacement& row);

  // Takes back what `version` wrote to the keys that its journal names.
  void Undo(Version version, const std::vector<std::string>& keys);

  // Forgets what no view since `oldest_view`, the oldest open view or else the last commit, can
  // see.
  void Collect(Version oldest_view);

  std::size_t key_count() const { return map_.size(); }
  std::int64_t size_bytes() const { return size_bytes_; }

 private:
  using Chain = std::vector<Entry>;  // ascending versions
  using Map = std::map<std::string, Chain, std::less<>>;

  static const Entry* Visible(const Chain& chain, Version view);
  void Append(Map::iterator at, Entry entry);
  // Drops what is not needed; true when the chain has become empty.
  bool Prune(Map::iterator at, Version oldest_view);

  Map map_;
  std::set<std::string, std::less<>> prunable_;  // keys with more than their newest value
  std::int64_t size_bytes_ = 0;
};

}  // namespace strata::storage::memory
