#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/metrics.h"
#include "core/base/mutex.h"

namespace strata::core::v1 {
class Trial;
}  // namespace strata::core::v1

namespace strata::trial {

// What a trial found, by method. Thread-safe.
class Report final {
 public:
  static constexpr std::size_t kMaxPaths = 100;  // Per method; what comes later is "(other)".

  // One comparison: where the answers differed (nowhere: the same), whether the candidate failed
  // where the live plugin did not, and how long both took.
  void Compared(const std::string& method, const std::set<std::string>& paths, bool error,
                std::int64_t live_ns, std::int64_t candidate_ns);
  // A copy that could not be compared.
  void Skipped();

  // Adds methods and skipped copies.
  void Fill(core::v1::Trial* trial) const;

 private:
  struct Method {
    std::uint64_t compared = 0;
    std::uint64_t different = 0;
    std::uint64_t errors = 0;
    std::map<std::string, std::uint64_t> paths;
    base::Histogram live;
    base::Histogram candidate;
  };

  mutable base::Mutex mutex_;
  std::map<std::string, Method> methods_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t skipped_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::trial
