#pragma once

#include <memory>

#include "core/base/status.h"
#include "storage/api/engine.h"
#include "storage/sqlite/options.h"

namespace strata::storage::sqlite {

// INVALID_ARGUMENT when an option makes no sense.
Status Validate(const SqliteOptions& options);

// Opens the store in options.folder, or makes a new one. Recovers by itself after a crash.
// FAILED_PRECONDITION: another process has it, or it is not a store of a format that is known;
// PERMISSION_DENIED: the folder may not be written; INVALID_ARGUMENT: an option makes no sense;
// DATA_LOSS, RESOURCE_EXHAUSTED, UNAVAILABLE: as for all calls. Blocks while it recovers.
Result<std::unique_ptr<Engine>> OpenSqliteEngine(SqliteOptions options);

}  // namespace strata::storage::sqlite
