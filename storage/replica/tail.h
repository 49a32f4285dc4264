#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/status.h"
#include "strata/hosting/v1/hosting.strata.h"

namespace strata::storage::replica {

// The two stores of a copy. Borrowed.
struct Stores {
  const hosting::v1::HostingClient* source;
  const hosting::v1::HostingClient* target;
};

// Some commits of the source, ready to be ingested by the target in one call.
struct TailBatch {
  std::vector<hosting::v1::IngestRequest> messages;
  // After this batch the target has everything up to here.
  std::uint64_t up_to = 0;
  // No row of it is newer than up_to: the target is then exactly what the source was at up_to.
  bool exact = false;
};

// What to read, and what is done with it.
struct TailOptions {
  std::uint64_t after = 0;
  // Keys before this; empty: all.
  std::string before;
  // Ends at the last commit, instead of waiting for more.
  bool stop_at_end = false;
  // While the target is being filled: nothing goes into its feed.
  bool restart_feed = false;
  // Sees (and may add a cursor to) each batch before it is ingested; may be empty.
  std::function<Status(TailBatch& batch)> prepare;
  // After a batch was ingested, and as a sign of life; false ends the tail with OK. May be empty.
  std::function<bool(const TailBatch& batch)> applied;
  // When given, says after an error whether it was the target's.
  bool* target_failed = nullptr;
};

// Carries commits from the source into the target, in order, in batches that leave the target exact
// wherever the source's own changes allow. Single-threaded; blocks. Codes of Watch and Ingest;
// OUT_OF_RANGE: the source does not know the commits after `after` (any more): the target has to be
// filled anew. After an error the target has what the last applied batch said.
Status CarryTail(const Stores& stores, const Context& context, const TailOptions& options);

// Whether the target has the commits of the source from `after` on up to its own last one already,
// because somebody else carried them over. While somebody does, false may be wrong: ask again.
Result<bool> HasTail(const Stores& stores, const Context& context, std::uint64_t after);

// Sends messages as one Ingest.
Status IngestAll(const hosting::v1::HostingClient& target, const Context& context,
                 std::vector<hosting::v1::IngestRequest>* messages,
                 hosting::v1::IngestResponse* response = nullptr);

}  // namespace strata::storage::replica
