#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "strata/data/v1/data.pb.h"

namespace strata::move {

// What two data plugins have in common, by type: how many resources, and the sum of the SHA-256 of
// each, whatever the order in which they come and however their makers lay JSON out: members are
// hashed in the order of their names, strings without their escapes, numbers as written. Keeps some
// 60 bytes for each. Thread-compatible.
class ResourceSums {
 public:
  // `versions`: every version counts (type, id, versionId, lastUpdated, json, whether deleted);
  // else the current ones, but for meta.versionId and meta.lastUpdated, which an import of another
  // maker may set anew.
  explicit ResourceSums(bool versions) : versions_(versions) {}

  // Takes the place of what was put under the same type and id (and version) before.
  // INVALID_ARGUMENT: its json is none.
  Status Put(const data::v1::Resource& resource);

  std::uint64_t count() const { return entries_.size(); }
  // Types whose counts or digests differ: "Patient (3 and 4)". Ordered.
  std::vector<std::string> Differences(const ResourceSums& other) const;
  // Of all types: "<count>:<64 hexadecimal digits>"
  std::string ToString() const;

 private:
  using Hash = std::array<std::uint64_t, 4>;
  struct Entry {
    std::uint32_t type = 0;
    Hash hash{};
  };
  struct Sum {
    std::uint64_t count = 0;
    Hash sum{};
    bool operator==(const Sum&) const = default;
  };

  Result<Hash> HashOf(const data::v1::Resource& resource);
  void Remove(std::uint64_t key);

  bool versions_;
  json::Parser parser_;
  std::map<std::string, std::uint32_t, std::less<>> types_;
  std::vector<Sum> sums_;  // By number of the type.
  std::unordered_map<std::uint64_t, Entry> entries_;
};

}  // namespace strata::move
