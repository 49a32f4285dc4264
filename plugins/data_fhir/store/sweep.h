#pragma once

#include <strata/context.h>

#include <chrono>
#include <cstdint>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::store {

// Index rows carry the past, so that the pages of a search stay those of its moment. What was
// replaced or deleted longer ago than links are kept for is swept away: along the timeline from
// where the work was left (an M row), a few versions a commit, so that the work follows the
// changes and not the data. Any number of nodes may do it at once: of two commits one is refused.
//
// When the retention has passed since the store was at some commit, everything that was replaced up
// to there goes, and a link to a moment before it is refused from then on (CheckMoment).
// Single-threaded; blocks.
class Sweep final {
 public:
  Sweep(Store& store, std::chrono::microseconds retention) : store_(store), retention_(retention) {}

  struct Progress {
    std::uint64_t removed = 0;  // index rows, by this step
    bool more = false;          // There is more to do at once.
    bool ended = false;         // All up to a moment is done.
  };
  // Codes: the hosting layer's. Where something changed meanwhile the next step does less at once.
  Result<Progress> Step(const Context& cx);

 private:
  struct State;
  class Batch;
  Result<State> Load(const Context& cx) const;
  static void Save(const State& state, RowChanges* changes);
  Status Note(const Context& cx, State state);

  // Versions of one step that replaced others.
  static constexpr std::size_t kMostReplaced = 128;

  Store& store_;
  const std::chrono::microseconds retention_;
  std::size_t most_replaced_ = kMostReplaced;
  std::uint64_t seen_ = 0;  // Nothing was there to be swept at that version.
};

// NOT_FOUND (410) with the advice to search again when what `as_of` needs has been swept. Ask when
// the rows have been read: what is swept meanwhile counts.
Status CheckMoment(const Hosting& hosting, const Context& cx, std::uint64_t as_of);

// Index rows swept since the store was made.
Result<std::uint64_t> SweptRows(const Hosting& hosting, const Context& cx);

}  // namespace strata::fhir::store
