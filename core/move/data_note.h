#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"

namespace strata::move {

// How far the copy of a data plugin's records has come. The contract has no place for it in the
// target, so the core keeps it: a small JSON file, replaced durably after each piece, never ahead
// of what the target has acknowledged. Thread-compatible.
struct DataNote {
  std::string source_id;  // store_id of both sides
  std::string target_id;
  bool copied = false;          // all was there once; only the feed is left
  std::string position;         // Export goes on behind it
  std::string cursor;           // Watch of the source goes on behind it
  std::uint64_t resources = 0;  // copied so far
  std::uint64_t bytes = 0;
  std::string back_cursor;  // of the target's Watch, when it was last the same as the source

  bool operator==(const DataNote&) const = default;
};

// Nothing is there: an empty note. INVALID_ARGUMENT: the file is damaged.
Result<DataNote> ReadNote(const std::string& file);
// Codes of host::ReplaceDurably.
Status WriteNote(const std::string& file, const DataNote& note);

}  // namespace strata::move
