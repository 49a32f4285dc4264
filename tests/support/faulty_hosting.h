#pragma once

#include <strata/plugin_abi.h>

#include <atomic>
#include <cstdint>
#include <functional>

#include "core/base/status.h"

namespace strata::testing {

// What the plugin of strata_plugin_faulty_hosting does to the calls that it hands on to "store".
// One for the whole test program; set it back at the end of each test. Thread-safe.
struct Faults {
  // Calls that write, or all of them, answer UNAVAILABLE.
  std::atomic<bool> writes{false};
  std::atomic<bool> everything{false};
  // So many writes succeed before all fail; negative: no end.
  std::atomic<std::int64_t> writes_left{-1};
  // So many commits are carried out and answer UNAVAILABLE all the same, as when the store's
  // process ends before it can tell.
  std::atomic<int> untold{0};
  // So many scans break off after their first message.
  std::atomic<int> cut_scans{0};
  // Runs once, before the Get or the Describe that these count down to; `meanwhile` is set first.
  std::atomic<int> gets_until_meanwhile{0};
  std::atomic<int> describes_until_meanwhile{0};
  std::function<void()> meanwhile;
  // An Ingest silently loses its first row or change.
  std::atomic<bool> lose{false};

  void Clear();
};

Faults& TheFaults();

}  // namespace strata::testing

extern "C" const strata_plugin* strata_plugin_faulty_hosting(std::uint32_t host_abi_minor);
