#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/base/status.h"
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
//
// Whose a change is, the answers of the writes say. Some do not (an import, a call that failed),
// and some writes are nobody's here (begun before the tap was set, by another node). When such a
// change was committed is not known, only that it was by the time that the feed showed it: it is
// brought at once, and every copy that began before is skipped.
class Replayer final {
 public:
  Replayer(SideStack& side, Feed* feed, WriteLog& writes, const MessageCompare& compare,
           Report& report)
      : side_(side), feed_(feed), writes_(writes), compare_(compare), report_(report) {}

  // An error: nothing can be compared any more.
  Status Take(const Copy& copy);

 private:
  using Clock = std::chrono::steady_clock;

  // Whether the candidate's data is what the copy saw.
  Result<bool> Reach(const Copy& copy);
  // Whether the feed may bring a change on the way to the state after `writes`.
  bool MayBring(const std::string& change, std::uint64_t writes, Clock::time_point patience);
  // The write that made a change, which is waited for while it may be in flight; none: nobody says.
  std::optional<std::uint64_t> MakerOf(const std::string& change, Clock::time_point patience);
  void ReadLog();
  void Repeat(const Copy& copy);

  SideStack& side_;
  Feed* const feed_;
  WriteLog& writes_;
  const MessageCompare& compare_;
  Report& report_;
  std::uint64_t reached_ = 0;      // The last write of which the feed has brought a change.
  Clock::time_point clear_since_;  // Since then the feed has shown nothing that is nobody's.
  // Who made a change, as long as the feed may still bring it.
  std::unordered_map<std::string, std::uint64_t> made_by_;
};

}  // namespace strata::trial
