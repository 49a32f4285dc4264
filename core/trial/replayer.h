#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "core/trial/copy.h"
#include "core/trial/feed.h"
#include "core/trial/message_compare.h"
#include "core/trial/report.h"
#include "core/trial/shadow_tap.h"
#include "core/trial/side_stack.h"

namespace strata::trial {

// Repeats copies on the candidate and compares the answers. Used by one thread.
//
// An answer is compared only when both have seen the same writes. The tap numbers the writes, and
// gives each copy the number of the last one that the live data had seen, if none was in flight
// while it ran: all writes up to that number were committed before it, all later ones after it. A
// candidate with data of its own (`feed`) is brought to that number and no further: in the feed, a
// change of a later write is held back, whatever the live data has become since. Where the
// candidate has gone past a copy, that is skipped. A candidate on the live data is compared when
// the number has not changed until the repeated call has ended.
class Replayer final {
 public:
  Replayer(SideStack& side, Feed* feed, WriteLog& writes, const MessageCompare& compare,
           Report& report)
      : side_(side), feed_(feed), writes_(writes), compare_(compare), report_(report) {}

  void Take(const Copy& copy);

 private:
  struct Maker {
    std::uint64_t write = 0;
    bool at_the_latest = false;  // No write names it: that one had ended when it was seen.
  };

  // Whether the candidate's data is what the copy saw.
  bool Reach(std::uint64_t writes);
  // Whether the feed may bring a change on the way to the state after `writes`.
  bool MayBring(const std::string& change, std::uint64_t writes);
  // Who made a change; null: a write that is still in flight, or nobody knows yet.
  const Maker* FindMaker(const std::string& change);
  void ReadLog();
  void Repeat(const Copy& copy);

  SideStack& side_;
  Feed* const feed_;
  WriteLog& writes_;
  const MessageCompare& compare_;
  Report& report_;
  std::uint64_t reached_ = 0;  // The last write of which the feed has brought a change.
  bool unclear_ = false;       // A change was held back that may be older than the copy.
  // By change, as long as the feed may still bring it.
  std::unordered_map<std::string, Maker> made_by_;
  std::uint64_t unnamed_ = 0;  // The last write that does not say all that it changed.
};

}  // namespace strata::trial
