#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/base/mutex.h"

namespace strata::fhir::service {

// Keeps the changes of one resource in the order of an import's jobs, while jobs about different
// resources run at the same time. A job waits only for earlier ones, so nobody waits for ever.
// Thread-safe.
class KeyOrder final {
 public:
  // Tells which resources (hashes of their keys) job `job` (0, 1, ...) changes, and waits until the
  // earlier jobs that change one of them have ended. Each job calls it once.
  void Begin(std::uint64_t job, std::span<const std::uint64_t> keys);
  // Waits until all earlier jobs have ended.
  void WaitForEarlier(std::uint64_t job);
  void End(std::uint64_t job);

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::uint64_t next_ STRATA_GUARDED_BY(mutex_) = 0;  // whose turn it is to begin
  std::set<std::uint64_t> running_ STRATA_GUARDED_BY(mutex_);
  // The latest job that changes a key.
  std::unordered_map<std::uint64_t, std::uint64_t> last_ STRATA_GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> keys_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::fhir::service
