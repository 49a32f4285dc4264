#pragma once

#include <cstdint>
#include <string>

namespace strata::bench {

struct VersionsResult {
  int swaps = 0;
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  std::uint64_t mixed = 0;  // Requests that met two versions of one slot.
  std::string fault;        // Why it ended early; empty: it did not.
};

// Swaps the lower of two slots between two versions while requests call it twice each through the
// upper one, and asks each which version it met.
VersionsResult SwapUnderWatch(int swaps, int clients);

}  // namespace strata::bench
