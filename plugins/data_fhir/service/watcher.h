#pragma once

#include <strata/context.h>
#include <strata/function_ref.h>

#include <cstdint>
#include <string>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::service {

// The cursor of a watch that begins behind a commit.
std::string CursorBehind(std::uint64_t version);

// Sends the versions behind a cursor in the order of commits, then waits for further ones (unless
// stop_at_end). Reads them from the timeline rows, which are kept for ever; the hosting layer's
// feed only says when to look. The visitor answers false to stop. INVALID_ARGUMENT: not a cursor;
// NOT_FOUND: an unknown type. Thread-safe; blocks.
Status Watch(store::Store& store, const Context& cx, const data::v1::WatchRequest& request,
             FunctionRef<bool(data::v1::WatchResponse&)> visit);

}  // namespace strata::fhir::service
