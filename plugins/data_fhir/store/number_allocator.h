#pragma once

#include <strata/context.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/store/hosting.h"

namespace strata::fhir::store {

// Gives out resource numbers. Takes them from the store in blocks, so that writers (also on other
// core nodes) meet at the counter row once in a thousand resources; what is left of a block when
// the process ends is never used. Thread-safe.
class NumberAllocator final {
 public:
  explicit NumberAllocator(const Hosting& hosting) : hosting_(hosting) {}

  // As many numbers as asked for, ascending. RESOURCE_EXHAUSTED: all 2^40 are used.
  Result<std::vector<layout::ResourceNumber>> Take(const Context& cx, std::size_t count);

 private:
  static constexpr std::size_t kBlock = 1024;

  Status Refill(const Context& cx, std::size_t count) STRATA_REQUIRES(mutex_);

  const Hosting& hosting_;
  base::Mutex mutex_;
  layout::ResourceNumber next_ STRATA_GUARDED_BY(mutex_) = 0;
  layout::ResourceNumber end_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::fhir::store
