#pragma once

#include <memory>

#include "core/base/status.h"
#include "storage/api/engine.h"
#include "storage/sqlite/options.h"

namespace strata::storage::sqlite {

class SqliteEngine;

// INVALID_ARGUMENT when an option makes no sense.
Status Validate(const SqliteOptions& options);

// Opens the store in options.folder, or makes a new one. Recovers by itself after a crash.
// FAILED_PRECONDITION: another process has it, or it is not a store of a format that is known;
// PERMISSION_DENIED: the folder may not be written; INVALID_ARGUMENT: an option makes no sense;
// DATA_LOSS, RESOURCE_EXHAUSTED, UNAVAILABLE: as for all calls. Blocks while it recovers.
Result<std::unique_ptr<Engine>> OpenSqliteEngine(SqliteOptions options);

// Takes a store over from another engine on it, in this process or another one: most of the work of
// opening is done while that one serves still. Single-threaded.
class StoreHandover final {
 public:
  explicit StoreHandover(SqliteOptions options);
  ~StoreHandover();

  // Opens what can be opened without owning the store. An error only means that Acquire has more
  // left to do.
  Status Prepare();
  // Once the other engine was released: the store's engine. Errors as of OpenSqliteEngine.
  Result<std::unique_ptr<Engine>> Acquire();

 private:
  const SqliteOptions options_;
  std::unique_ptr<SqliteEngine> prepared_;
};

}  // namespace strata::storage::sqlite
