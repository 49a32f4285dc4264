#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/swap/layer_stack.h"
#include "tests/bench/swap/load.h"

namespace strata::bench {

struct CampaignOptions {
  int swaps = 100;
  std::chrono::milliseconds pace{0};  // Between two swaps.
};

// What came of the swaps of one slot.
struct CampaignResult {
  int switched = 0;    // Sound candidates that took over.
  int refused = 0;     // Broken ones that never served.
  int taken_back = 0;  // Broken ones that served and were taken back.
  // By kind of broken candidate: why one of them did not stay, and the longest that it took to say
  // so.
  struct Verdict {
    std::string reason;
    double longest_ms = 0;
  };
  std::map<std::string, Verdict> verdicts;
  std::vector<std::string>
      unexpected;  // Sound ones that did not take over, broken ones that stayed.
  double longest_pause_ms = 0;
  double longest_change_ms = 0;
  std::uint64_t cancelled = 0;
};

// Swaps one slot again and again under load, to one version and back; every tenth candidate is
// broken, each time in another way: built for another ABI, dishonest about its version, does not
// start, is not healthy, crashes when it is used (in a process of its own), answers with errors and
// does not end.
CampaignResult SwapAgainAndAgain(LayerStack& layers, Load& load, const std::string& slot,
                                 const CampaignOptions& options);

}  // namespace strata::bench
