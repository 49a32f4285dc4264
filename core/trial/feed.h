#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/host/ingress.h"

namespace strata::trial {

// From where to where records are copied.
struct FeedEnds {
  host::Ingress& live;
  std::string live_slot;
  host::Ingress& side;
  std::string side_slot;
  const std::atomic<bool>& stop;  // Set: end soon, with CANCELLED.
};

// Makes the candidate's data equal to the live slot's and keeps it so, by nothing but the contract
// that both serve. Used by one thread; the live slot is only read.
class Feed {
 public:
  virtual ~Feed() = default;
  // Everything that is there, once, into an empty candidate.
  virtual Status Fill() = 0;

  // Whether a change (write_log.h has their names) is to be brought to the candidate now.
  using Gate = std::function<bool(const std::string& change)>;
  // What was committed since, in the order of the commits, up to the first change that `gate` holds
  // back; else up to the moment of the call at least. What is held back comes first the next time.
  // An error: the candidate has no state to compare with, until a later call succeeds; where that
  // cannot be (DATA_LOSS, FAILED_PRECONDITION): for good.
  virtual Status Follow(const Gate& gate) = 0;

  // Answers may differ there although both are right.
  virtual bool Excuses(std::string_view path) const = 0;
};

// By Export, Import, Watch and Delete of strata.data.v1: between plugins of any maker. A candidate
// that takes versions as they are (import_versions) has them all; another one what is current.
std::unique_ptr<Feed> MakeDataFeed(FeedEnds ends);
// By Backup, Restore and Watch of strata.hosting.v1; what was written since has other versions.
std::unique_ptr<Feed> MakeHostingFeed(FeedEnds ends);

}  // namespace strata::trial
