#pragma once

#include <strata/context.h>
#include <strata/function_ref.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/bundle/conditional_references.h"
#include "plugins/data_fhir/bundle/reference_rewriter.h"
#include "plugins/data_fhir/store/preconditions.h"
#include "plugins/data_fhir/store/request_log.h"
#include "plugins/data_fhir/store/store.h"
#include "plugins/data_fhir/store/write_set.h"

namespace strata::fhir::bundle {

// What became of one entry.
struct EntryResult {
  std::uint32_t status = 0;
  data::v1::Resource resource;  // with type empty when there is none
};

// Carries out a transaction bundle: everything in one commit or nothing (FHIR R4
// http.html#transaction). Starts again when others changed what it had read. Errors name the entry
// ("Bundle.entry[3]") and are those of the interaction. Single-threaded; blocks.
class Transaction final {
 public:
  // `bundle` is a transaction; it and its document outlive this object.
  Transaction(store::Store& store, const Context& cx, const Bundle& bundle,
              const store::RequestName& name);

  // Writes. GET and HEAD entries are left to the caller, who carries them out afterwards.
  Status Run();

  // For each entry of the bundle, after Run.
  const EntryResult& result(std::size_t index) const { return results_[index]; }
  // Fills in the texts of what was written; without it results have none.
  void KeepTexts() { keep_texts_ = true; }

 private:
  enum class Outcome : std::uint8_t { kRead, kWrite, kDelete, kExisting };
  // Where an entry goes; decided anew in each attempt for conditional entries.
  struct Plan {
    Outcome outcome = Outcome::kRead;
    store::ResourceKey key;
    store::Current current;
    store::ClientResource resource;         // what is written, before links are changed
    std::optional<json::Document> patched;  // of a PATCH: what `resource` refers to
  };

  Status Once();
  Result<bool> Replay();
  Status PlanEntry(const Entry& entry, Plan* plan);
  Status PlanCreate(const Entry& entry, Plan* plan);
  Status PlanConditional(const Entry& entry, Plan* plan);
  Status GuardCondition(const Entry& entry, const store::Parameters& condition);
  void DropGuard();
  Status RefuseDuplicates() const;
  Status LoadCurrents();
  Status ApplyPatches();
  void CollectTargets(PendingSearch* search);
  Status MakeWrites();
  Status MakeWrite(const Entry& entry, Plan& plan, ConditionalReferences& references);
  Status Commit();
  Status FillExisting();

  store::Store& store_;
  const Context& cx_;
  const Bundle& bundle_;
  const store::RequestName name_;
  bool keep_texts_ = false;

  std::vector<std::string> new_ids_;  // by entry: stay the same in each attempt
  std::vector<Plan> plans_;
  std::vector<store::ConditionGuard> guards_;
  std::unordered_set<std::string> guard_keys_;
  Targets targets_;
  std::vector<store::Write> writes_;
  std::vector<std::size_t> write_entries_;  // entry of each write
  std::vector<EntryResult> results_;
};

}  // namespace strata::fhir::bundle
