#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>

#include "core/base/mutex.h"

namespace strata::isolation {

// Threads for work that may block on other work of the same pool: it grows whenever nobody is free,
// so calls that wait for calls below them cannot lock each other out; a fixed pool could. Threads
// that stay idle end. Thread-safe.
class GrowingPool final {
 public:
  // `name`: of the threads, at most 15 letters.
  GrowingPool(std::string name, std::size_t max_threads)
      : name_(std::move(name)), max_threads_(max_threads) {}
  ~GrowingPool();  // Waits until all work is done.
  GrowingPool(const GrowingPool&) = delete;
  GrowingPool& operator=(const GrowingPool&) = delete;

  // False: max_threads are busy; `work` will not run. When the system gives no more threads (a
  // limit of the process), as much work waits as there are threads.
  bool Submit(std::function<void()> work);

 private:
  void Run();
  bool StartThread() STRATA_REQUIRES(mutex_);

  const std::string name_;
  const std::size_t max_threads_;
  base::Mutex mutex_;
  base::CondVar changed_;
  base::CondVar ended_;
  std::deque<std::function<void()>> queue_ STRATA_GUARDED_BY(mutex_);
  std::size_t threads_ STRATA_GUARDED_BY(mutex_) = 0;
  std::size_t idle_ STRATA_GUARDED_BY(mutex_) = 0;
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace strata::isolation
