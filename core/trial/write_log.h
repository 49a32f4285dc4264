#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/mutex.h"
#include "core/trial/copy.h"

namespace strata::trial {

// What one call changed, as far as the contract's answers tell it: versions of resources
// ("Patient/a/3"), commits of a store ("c42"). Imports, conditional deletions and calls that failed
// do not. Used by the thread of the call.
class ChangeReader final {
 public:
  ChangeReader(std::string_view full_method, strata_bytes request);

  void Response(strata_bytes message);
  std::vector<std::string> Take() { return std::move(changes_); }

 private:
  enum class Kind : std::uint8_t { kOther, kWrite, kDelete, kTransaction, kCommit };
  static Kind KindOf(std::string_view full_method);

  const Kind kind_;
  std::string deleted_;  // "Patient/a"
  std::vector<std::string> changes_;
};

std::string ChangeOfResource(std::string_view type, std::string_view id, std::string_view version);
std::string ChangeOfCommit(std::uint64_t version);

// Numbers the writes of the live data in the order in which they end, so that a read can tell which
// state it saw, and remembers what they changed, so that a feed can be followed up to that state.
// Thread-safe; writers hold its lock for an instant.
class WriteLog final {
 public:
  static constexpr std::size_t kMost = 1 << 16;

  struct Write {
    std::uint64_t number = 0;
    std::vector<std::string> changes;
  };

  void Begin() { begun_.fetch_add(1); }
  void End(std::vector<std::string> changes);

  // The number of the last write, or Copy::kUnclear while one is in flight.
  std::uint64_t Settled() const {
    const std::uint64_t ended = ended_.load();  // First: a write that ends meanwhile is in flight.
    return begun_.load() == ended ? ended : Copy::kUnclear;
  }
  // Those that name what they changed and have ended since this was last asked, without those that
  // were too many.
  std::vector<Write> Take();

  // How many writes have ended.
  std::uint64_t ended() const { return ended_.load(); }
  // Waits until more than `ended` have; false: not until then.
  bool WaitForEnd(std::uint64_t ended, std::chrono::steady_clock::time_point until);

 private:
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> ended_{0};  // Changed under the lock only.
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<Write> writes_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::trial
