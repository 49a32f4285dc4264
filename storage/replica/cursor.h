#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::storage::replica {

// What a replica keeps beside its rows (IngestRequest.cursor): whose copy it is, and how far.
// Thread-compatible.
struct Cursor {
  // Stored: never renumber.
  enum class Phase : std::uint8_t {
    kFilling = 1,    // it holds the keys before `at` as they were at `tail`
    kFollowing = 2,  // it is the same as its source was at its own last version
  };
  std::string source_id;  // store_id of the source
  Phase phase = Phase::kFilling;
  std::string at;
  std::uint64_t tail = 0;
  std::uint64_t rows = 0;   // copied so far
  std::uint64_t bytes = 0;  // the same
  std::string other;        // what somebody else wants to be kept with the source
  bool operator==(const Cursor&) const = default;
};

std::string Encode(const Cursor& cursor);
// INVALID_ARGUMENT: these are no bytes of Encode, or of a later format.
Result<Cursor> DecodeCursor(std::string_view bytes);

}  // namespace strata::storage::replica
