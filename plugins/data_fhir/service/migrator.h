#pragma once

#include <strata/context.h>
#include <strata/migrate.h>

#include <chrono>
#include <cstdint>

#include "core/base/status.h"
#include "plugins/data_fhir/service/resource_cursor.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::service {

// Brings a store of an earlier format to the newest (FORMAT.md) while everything else goes on: each
// current resource gets the index rows that it lacks. The rules are those of strata/migrate.h: one
// call at a time, beside everything else. Codes: the hosting layer's.
class Migrator final {
 public:
  explicit Migrator(store::Store& store) : store_(store) {}

  // What is written and the oldest format that is stored; how far the migration is.
  Result<FormatState> State(const Context& cx) const;
  // INVALID_ARGUMENT: neither the format that is written nor the newest.
  Status Write(const Context& cx, std::uint32_t format);
  // One more piece; it ends with the first commit after `budget`.
  Result<FormatState> Step(const Context& cx, std::chrono::microseconds budget);

 private:
  Result<ResourceCursor> Cursor(const Context& cx) const;
  // Commits the rows that the next resources lack.
  Status Batch(const Context& cx, const store::DefinitionSet& set, ResourceCursor cursor);
  Status Finish(const Context& cx, const store::DefinitionSet& set);

  store::Store& store_;
  static constexpr std::size_t kMostInBatch = 256;
  std::size_t batch_ = kMostInBatch;  // less after writers were faster
};

}  // namespace strata::fhir::service
