#pragma once

#include <strata/context.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/bundle/pending_search.h"
#include "plugins/data_fhir/bundle/prepare.h"
#include "plugins/data_fhir/bundle/processor.h"
#include "plugins/data_fhir/store/preconditions.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::bundle {

// Carries out the entries of a batch (FHIR R4 http.html#brules) in the order of a transaction, each
// with its own outcome. Changes of different resources share commits; an entry that is wrong, or
// loses against another writer, does not keep the others back. Single-threaded; blocks.
class Batch final {
 public:
  Batch(store::Store& store, const Context& cx, const Bundle& bundle,
        const Environment& environment);

  // CANCELLED is the only error: all others are outcomes of entries.
  Status Run();

  std::vector<data::v1::TransactionEntry>& responses() { return responses_; }

 private:
  // An entry whose change waits to be committed.
  struct Member {
    const Entry* entry = nullptr;
    store::ResourceKey key;
    bool fresh = false;  // no resource can have this id
    std::string request_id;
    std::optional<store::ConditionGuard> guard;
    Prepared prepared;
  };
  enum class Joined : std::uint8_t { kJoined, kAnswered };

  Status RunEntry(const Entry& entry);
  Result<Joined> Join(const Entry& entry);
  // The resource of a conditional entry; nothing when none matches. Commits what waits when it
  // could be meant. Errors: several match.
  Result<std::optional<store::ResourceKey>> Match(const Entry& entry,
                                                  const store::Parameters& condition,
                                                  Member* member);
  Status FindTarget(const Entry& entry, Member* member, bool* answered);
  Status FindConditional(const Entry& entry, Member* member, bool* answered);
  Status AnswerExisting(const store::ResourceKey& key, const Entry& entry);
  Result<bool> WasDoneBefore(const Member& member);

  // Commits what waits. Entries that cannot be committed together are carried out alone.
  void Flush();
  Status Prepare(Member& member, store::Current current);
  Status Commit(std::vector<Member*>& members);
  void RunAlone(const Entry& entry);
  Status RunInteraction(const Entry& entry, data::v1::TransactionEntry* response);

  // Puts a failure into the entry's response.
  void Answer(const Entry& entry, const Status& status);
  data::v1::TransactionEntry& ResponseOf(const Entry& entry) { return responses_[entry.index]; }

  store::Store& store_;
  const Context& cx_;
  const Bundle& bundle_;
  const Environment& environment_;
  std::vector<data::v1::TransactionEntry> responses_;

  std::vector<Member> group_;
  std::set<std::string> group_keys_;
  std::set<std::string> group_guards_;
  std::size_t group_bytes_ = 0;
  std::unique_ptr<PendingSearch> search_;
};

}  // namespace strata::fhir::bundle
