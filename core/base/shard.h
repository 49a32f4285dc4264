#pragma once

#include <atomic>
#include <cstddef>

namespace strata::base {

// Counters that many threads write are kept once per shard, each on its own cache line, and summed
// when read.
inline constexpr std::size_t kShards = 8;
inline constexpr std::size_t kCacheLine = 64;

// A small number of the calling thread, dealt out in turn; use it modulo the number of shards. The
// one mutable global of the core: it only spreads load and never decides anything.
inline std::size_t ThreadNumber() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t number = next.fetch_add(1, std::memory_order_relaxed);
  return number;
}

}  // namespace strata::base
