#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "core/base/mutex.h"

namespace strata::gateway {

// Connections (HttpConnectionTable::Key) whose request waits for one of the places in services,
// oldest first. A connection that was closed meanwhile stays in it until its turn. Thread-safe.
class HttpQueue final {
 public:
  explicit HttpQueue(std::size_t limit) : limit_(limit) {}

  // `again`: it had its turn, but somebody else took the place; it goes to the front, whatever the
  // limit. False: the queue is full.
  bool Push(std::uint64_t key, bool again) {
    const base::MutexLock lock(mutex_);
    if (again) {
      keys_.push_front(key);
    } else {
      if (keys_.size() >= limit_) return false;
      keys_.push_back(key);
    }
    size_.store(keys_.size());
    return true;
  }

  std::optional<std::uint64_t> Pop() {
    if (size() == 0) return std::nullopt;
    const base::MutexLock lock(mutex_);
    if (keys_.empty()) return std::nullopt;
    const std::uint64_t key = keys_.front();
    keys_.pop_front();
    size_.store(keys_.size());
    return key;
  }

  std::size_t size() const { return size_.load(); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> size_{0};
  base::Mutex mutex_;
  std::deque<std::uint64_t> keys_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::gateway
