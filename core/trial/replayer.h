#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/trial/copy.h"
#include "core/trial/feed.h"
#include "core/trial/message_compare.h"
#include "core/trial/report.h"
#include "core/trial/shadow_tap.h"
#include "core/trial/side_stack.h"

namespace strata::trial {

// Repeats copies on the candidate and compares the answers. Used by one thread.
//
// An answer is compared only when both have seen the same writes. The tap gives each copy the
// number of writes that the live data had seen, if none was in flight while it ran. A candidate
// with data of its own (`feed`) is brought to that number and no further: it follows only when a
// copy needs it, and where it has gone past, the copy is skipped. A candidate on the live data is
// compared when that number has not changed until the repeated call has ended.
class Replayer final {
 public:
  Replayer(SideStack& side, Feed* feed, const WriteCount& writes, const MessageCompare& compare,
           Report& report)
      : side_(side), feed_(feed), writes_(writes), compare_(compare), report_(report) {}

  void Take(const Copy& copy);

 private:
  // Whether the candidate's data is what the copy saw.
  bool Reach(std::uint64_t writes);
  void Repeat(const Copy& copy);

  SideStack& side_;
  Feed* const feed_;
  const WriteCount& writes_;
  const MessageCompare& compare_;
  Report& report_;
  std::optional<std::uint64_t> reached_;  // Writes that the feed has brought; nothing: unclear.
};

}  // namespace strata::trial
