#pragma once

#include "core/host/change/transfer.h"

namespace strata::move {

// For StackOptions: copies what hosting plugins keep (storage/replica/mover.h) and what data
// plugins keep in theirs (data_mover.h), slowly enough that the slots built on them keep their 99th
// percentile. Other layers: UNIMPLEMENTED.
host::MakeTransfer Transfers();

}  // namespace strata::move
