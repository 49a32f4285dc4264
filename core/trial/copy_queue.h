#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "core/base/mutex.h"
#include "core/trial/copy.h"

namespace strata::trial {

// Copies on their way to the candidate, bounded in number and bytes. Thread-safe.
class CopyQueue final {
 public:
  static constexpr std::size_t kMaxCopies = 1024;
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;

  // Never blocks: false when it is full, closed, or somebody else is at it just now.
  bool TryPush(Copy&& copy);
  // The oldest; nothing at `until`, or when the queue is closed.
  std::optional<Copy> Pop(std::chrono::steady_clock::time_point until);
  void Close();

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Copy> copies_ STRATA_GUARDED_BY(mutex_);
  std::size_t bytes_ STRATA_GUARDED_BY(mutex_) = 0;
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace strata::trial
