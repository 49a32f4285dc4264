#pragma once

#include <strata/context.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/model/custom_parameters.h"
#include "plugins/data_fhir/store/hosting.h"

namespace strata::fhir::store {

struct Write;

// What a store's resources are indexed by, as of a version of the row that says so: the parameters
// of the standard and the store's own. Immutable.
struct DefinitionSet {
  std::uint64_t row_version = 0;  // 0: there is no row
  std::uint64_t next_number = 1;  // of the next custom parameter; numbers are never given twice
  model::CustomParameters custom;
  std::vector<std::uint16_t> dropped;  // numbers whose index rows are still to be removed
  std::unique_ptr<const index::Extractor> own_extractor;  // nullptr: the standard's will do

  const index::Extractor& extractor() const {
    return own_extractor ? *own_extractor : index::Extractor::R4();
  }
};

// The search parameters that SearchParameter resources define for a store, in one M row that every
// commit requires unchanged: no resource is ever indexed by less than what was defined before it.
// Thread-safe; blocks.
class Definitions final {
 public:
  explicit Definitions(const Hosting& hosting);

  // As they were when this process last looked.
  std::shared_ptr<const DefinitionSet> Snapshot() const;
  // As they are now.
  Result<std::shared_ptr<const DefinitionSet>> Refresh(const Context& cx);

  // What the writes of SearchParameter resources among `writes` do to the definitions; in any case
  // the requirement that they are those of `set`. INVALID_ARGUMENT: a definition that cannot be
  // (definition_text.h), or whose code another one has on one of its types; RESOURCE_EXHAUSTED: too
  // many.
  Status Change(const Context& cx, const DefinitionSet& set, std::span<const Write> writes,
                RowChanges* changes) const;

  // Marks a parameter as indexed, or a dropped number as swept.
  static void Complete(const DefinitionSet& set, std::uint16_t number, RowChanges* changes);

  // How far the index of a parameter is, as far as this process knows.
  std::shared_ptr<model::IndexProgress> ProgressOf(std::uint16_t number) const;

 private:
  Result<std::shared_ptr<DefinitionSet>> Parse(const HostedRow& row) const;

  const Hosting& hosting_;
  mutable base::Mutex mutex_;
  // Shared with the calls that use it, which may take longer than it stays the latest.
  std::shared_ptr<const DefinitionSet> set_ STRATA_GUARDED_BY(mutex_);
  mutable std::map<std::uint16_t, std::shared_ptr<model::IndexProgress>> progress_
      STRATA_GUARDED_BY(mutex_);
};

// The row that remembers how far the index of a parameter is.
std::string ReindexKey(std::uint16_t number);

}  // namespace strata::fhir::store
