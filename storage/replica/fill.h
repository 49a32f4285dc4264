#pragma once

#include <cstdint>
#include <functional>

#include "core/base/status.h"
#include "storage/replica/cursor.h"
#include "storage/replica/tail.h"

namespace strata::storage::replica {

struct FillOptions {
  // Of one slice: what is held in memory, and written by one Ingest.
  std::size_t slice_bytes = std::size_t{1} << 20;
  // Called after each slice, to report and to rest; an error ends the fill, which can be resumed.
  std::function<Status(const Cursor& cursor)> on_slice;
};

// Makes the target the same as the source while the source is written to, slice by slice: first
// what was committed meanwhile to keys that are there already, then the next keys, from one view of
// the source. No view is held for longer than a slice, and an interrupted fill goes on at its
// cursor, which is kept in the target. What the target held before goes.
//
// `cursor` says where to begin ({} with source_id: from the start), and at the end, following, that
// the target is exact at cursor->tail and its feed begins there. Single-threaded; blocks. Codes of
// Scan, Watch and Ingest; OUT_OF_RANGE: the source no longer knows the commits since the cursor:
// begin anew.
Status Fill(const Stores& stores, const Context& context, const FillOptions& options,
            Cursor* cursor);

}  // namespace strata::storage::replica
