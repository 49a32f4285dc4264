#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "storage/api/clock.h"
#include "storage/api/random_id.h"
#include "storage/api/types.h"

namespace strata::storage {

// Open snapshots by token. `View` is a handle to what a snapshot keeps alive, cheap to copy.
// Thread-safe. Time is the clock's steady one.
template <typename View>
class LeaseTable {
 public:
  LeaseTable(const Clock& clock, std::size_t capacity) : clock_(clock), capacity_(capacity) {}

  // RESOURCE_EXHAUSTED when as many as allowed are open.
  Result<std::string> Open(View view, std::chrono::microseconds lease) {
    base::MutexLock lock(mutex_);
    const std::int64_t now = clock_.steady_us();
    if (entries_.size() >= capacity_) Drop(now);
    if (entries_.size() >= capacity_) {
      return ResourceExhausted("too many snapshots are open; close some or wait for their leases");
    }
    std::string token = RandomId();
    entries_.emplace(token, Entry{std::move(view), lease.count(), now + lease.count()});
    return token;
  }

  // The view of a token, whose lease starts anew. NOT_FOUND when it is closed or over.
  Result<View> Use(std::string_view token) {
    base::MutexLock lock(mutex_);
    const std::int64_t now = clock_.steady_us();
    const auto found = entries_.find(token);
    if (found == entries_.end() || found->second.ends_us <= now) {
      return NotFound("the snapshot has ended; open a new one");
    }
    found->second.ends_us = now + found->second.lease_us;
    return found->second.view;
  }

  std::optional<View> Close(std::string_view token) {
    base::MutexLock lock(mutex_);
    const auto found = entries_.find(token);
    if (found == entries_.end()) return std::nullopt;
    View view = std::move(found->second.view);
    entries_.erase(found);
    return view;
  }

  // Forgets those whose lease is over.
  void Sweep() {
    base::MutexLock lock(mutex_);
    Drop(clock_.steady_us());
  }

  void Clear() {
    base::MutexLock lock(mutex_);
    entries_.clear();
  }

 private:
  struct Entry {
    View view;
    std::int64_t lease_us;
    std::int64_t ends_us;
  };

  void Drop(std::int64_t now) STRATA_REQUIRES(mutex_) {
    std::erase_if(entries_, [now](const auto& entry) { return entry.second.ends_us <= now; });
  }

  const Clock clock_;
  const std::size_t capacity_;
  base::Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::storage
