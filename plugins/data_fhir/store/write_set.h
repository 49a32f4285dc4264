#pragma once

#include <strata/context.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/index/entry_list.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/layout/index_row.h"
#include "plugins/data_fhir/layout/run_builder.h"
#include "plugins/data_fhir/store/number_allocator.h"
#include "plugins/data_fhir/store/records.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::store {

// A version to be written, on top of what was read.
struct Write {
  ResourceKey key;
  Current current;
  layout::Change change = layout::Change::kCreated;
  std::string json;  // the text to keep; empty for a deletion
  layout::VersionId version_id = 1;
  std::int64_t last_updated_us = 0;
  // Text of the current version when the caller has it already.
  std::optional<std::string> current_json = std::nullopt;
};

// The version that follows what is stored: its number, and a time that is not before.
struct NextVersion {
  layout::Change change = layout::Change::kCreated;
  layout::VersionId version_id = 1;
  std::int64_t last_updated_us = 0;
};
NextVersion NextAfter(const Current& current, std::int64_t now_us);

// The rows of a set of writes, one atomic commit. Each resource at most once. Numbers of new
// resources are taken from the allocator. Single-threaded; blocks.
class WriteSet final {
 public:
  explicit WriteSet(Store& store)
      : records_(store.records), numbers_(store.numbers), definitions_(store.definitions) {}

  // Makes the rows of the writes, with the requirement that nobody changed the resources since they
  // were read. Takes over the writes' texts only when they are large; `writes` keep their numbers.
  // Writes of SearchParameter resources change what all resources are indexed by:
  // INVALID_ARGUMENT when one defines what cannot be.
  Status Build(const Context& cx, std::vector<Write>& writes, RowChanges* changes);

  // Commits what Build has made, and more. What it redefines is known to this process at once.
  // ABORTED: others were faster.
  Status Commit(const Context& cx, RowChanges changes);

  // Makes the index rows that resources lack: lives that begin with this commit. Entries that are
  // there already are left as they are. Add any number, then Finish.
  void AddLives(layout::TypeNumber type, layout::ResourceNumber n, const index::EntryList& entries);
  Status FinishLives(const Context& cx, RowChanges* changes) {
    return PutIndexChanges(cx, changes);
  }

 private:
  // A life of the resource in the value begins or ends.
  struct IndexChange {
    std::string prefix;
    layout::MemberChange change;
  };

  Status Number(const Context& cx, std::vector<Write>& writes);
  Status Extract(const Write& write, std::string_view json, index::EntryList* entries);
  // Uses entries_.
  void PutResource(const Write& write, RowChanges* changes) const;
  void MoveToHistory(const Write& write, RowChanges* changes) const;
  void IndexNew(const Write& write);
  Status CompareIndex(const Context& cx, const Write& write);
  void Compare(const Write& write);
  Status PutIndexChanges(const Context& cx, RowChanges* changes);

  const Records& records_;
  NumberAllocator& numbers_;
  Definitions& definitions_;
  bool redefines_ = false;
  std::shared_ptr<const DefinitionSet> set_;  // for the time of a Build
  json::Parser parser_;
  index::EntryList entries_;
  index::EntryList old_entries_;
  layout::RunBuilder new_rows_;
  std::vector<IndexChange> index_changes_;
};

}  // namespace strata::fhir::store
