#pragma once

#include <atomic>
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
  // What was committed since, up to the moment of the call at least.
  virtual Status Follow() = 0;
  // Answers may differ there although both are right.
  virtual bool Excuses(std::string_view path) const = 0;
};

// By Export, Import, Watch and Delete of strata.data.v1: between plugins of any maker. What the
// candidate has are the current versions.
std::unique_ptr<Feed> MakeDataFeed(FeedEnds ends);
// By Backup, Restore and Watch of strata.hosting.v1; what was written since has other versions.
std::unique_ptr<Feed> MakeHostingFeed(FeedEnds ends);

}  // namespace strata::trial
