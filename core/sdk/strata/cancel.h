#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <thread>

#include "core/base/mutex.h"

namespace strata {

// Something that can be cancelled once, with callbacks: a background task of a plugin, or a call
// at the place where it enters. Thread-safe; outlives every Context made from it.
class CancelSource final {
 public:
  CancelSource() = default;
  CancelSource(const CancelSource&) = delete;
  CancelSource& operator=(const CancelSource&) = delete;

  // Runs the callbacks on this thread. The second time does nothing.
  void Cancel();
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }

  // fn(arg) runs at most once. 0 = cancelled already: fn will not run.
  std::uint64_t Add(void (*fn)(void*), void* arg);
  // After it returns fn neither runs nor will run. Called from inside fn it does not wait.
  void Remove(std::uint64_t id);

 private:
  struct Callback {
    void (*fn)(void*);
    void* arg;
  };

  std::atomic<bool> cancelled_{false};
  base::Mutex mutex_;
  base::CondVar done_;
  // By id: in the order of registration.
  std::map<std::uint64_t, Callback> callbacks_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t last_id_ STRATA_GUARDED_BY(mutex_) = 0;
  std::uint64_t running_id_ STRATA_GUARDED_BY(mutex_) = 0;
  std::thread::id running_on_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata
