#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "storage/api/types.h"

namespace strata::storage::memory {

// The latest commits, oldest first, within a number of bytes. Single-threaded: the engine locks.
class Feed {
 public:
  struct Part {
    Version version;
    std::int64_t committed_us;
    std::string changes;  // storage/api/change_codec.h
    bool continues;
  };
  // Owners: the feed, and readers that are just visiting the part.
  using PartPointer = std::shared_ptr<const Part>;

  explicit Feed(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void Append(Version version, std::int64_t committed_us, std::vector<std::string> parts);
  // Forgets everything and goes on after `version`.
  void Reset(Version version);

  // The oldest version after which reading can start.
  Version oldest() const { return oldest_; }
  // Number of the first part after a version; numbers grow by one from part to part.
  std::uint64_t Find(Version after) const;
  // Null when there is none yet. The number must be one that is still kept.
  PartPointer At(std::uint64_t number) const;
  bool Kept(std::uint64_t number) const { return number >= first_number_; }

 private:
  const std::size_t max_bytes_;
  std::deque<PartPointer> parts_;
  std::uint64_t first_number_ = 0;
  std::size_t bytes_ = 0;
  Version oldest_ = 0;
};

}  // namespace strata::storage::memory
