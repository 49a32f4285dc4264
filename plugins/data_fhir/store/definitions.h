#pragma once

#include <strata/context.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
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

// Numbers of the formats in FORMAT.md. Stored: never reuse.
inline constexpr std::uint32_t kFormat = 4;
// The same without derived index rows, which searches then do without.
inline constexpr std::uint32_t kFormatWithoutDerived = 3;
// And without those for the order of ids.
inline constexpr std::uint32_t kFormatWithoutIdOrder = 2;

// What a store's resources are indexed by, as of a version of the row that says so: the parameters
// of the standard and the store's own. Immutable.
struct DefinitionSet {
  std::uint64_t row_version = 0;   // 0: there is no row
  std::uint32_t format = kFormat;  // that is written
  std::uint32_t began = kFormat;   // that was written before the operator committed `format`
  // Version of the store from which on all of it is in `format`; nothing: not yet.
  std::optional<std::uint64_t> whole_since = 0;
  std::uint64_t next_number = 1;  // of the next custom parameter; numbers are never given twice
  model::CustomParameters custom;
  std::vector<std::uint16_t> dropped;  // numbers whose index rows are still to be removed
  std::unique_ptr<const index::Extractor> own_extractor;  // nullptr: the standard's will do

  // The format that all of the store has as of a version; nothing: now.
  std::uint32_t FormatAt(std::optional<std::uint64_t> as_of) const {
    return whole_since && (!as_of || *as_of >= *whole_since) ? format : began;
  }
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

  // Of a store in this format, as the store's own row has it; before anything else.
  void Open(std::uint32_t format);

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

  // From now on kFormat is written, and since `whole_since` all of the store is in it (nothing: not
  // yet). What is being written in another format fails.
  static void Upgrade(const DefinitionSet& set, std::optional<std::uint64_t> whole_since,
                      RowChanges* changes);

  // How far the index of a parameter is, as far as this process knows.
  std::shared_ptr<model::IndexProgress> ProgressOf(std::uint16_t number) const;

 private:
  Result<std::shared_ptr<DefinitionSet>> Parse(const HostedRow& row, std::uint32_t opened) const;

  const Hosting& hosting_;
  mutable base::Mutex mutex_;
  std::uint32_t opened_ STRATA_GUARDED_BY(mutex_) = kFormat;
  // Shared with the calls that use it, which may take longer than it stays the latest.
  std::shared_ptr<const DefinitionSet> set_ STRATA_GUARDED_BY(mutex_);
  mutable std::map<std::uint16_t, std::shared_ptr<model::IndexProgress>> progress_
      STRATA_GUARDED_BY(mutex_);
};

// The row that remembers how far the index of a parameter is.
std::string ReindexKey(std::uint16_t number);

}  // namespace strata::fhir::store
