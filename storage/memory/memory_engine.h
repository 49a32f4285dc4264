#pragma once

#include <memory>

#include "storage/api/clock.h"
#include "storage/api/engine.h"

namespace strata::storage::memory {

struct MemoryOptions {
  Clock clock;
  Limits limits;
  // Oldest commits leave the feed when its keys take more than this.
  std::size_t feed_bytes = 16 * 1024 * 1024;
  // A remembered request_id is kept at least this long.
  std::chrono::microseconds request_id_age = std::chrono::hours(24);
};

// An engine that keeps all in memory and loses it with the process: for tests, demonstrations and
// as the model of the contract. Every key holds as many versions as open views need.
std::unique_ptr<Engine> OpenMemoryEngine(MemoryOptions options = {});

}  // namespace strata::storage::memory
