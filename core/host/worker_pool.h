#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace strata::host {

// A bounded pool for the work that plugins submit. Threads ("strata-work") start when there is work
// for them and are joined when the pool is destroyed, after all that was queued has run.
// Thread-safe.
class WorkerPool final {
 public:
  WorkerPool(std::size_t max_threads, std::size_t max_queued)
      : max_threads_(max_threads), max_queued_(max_queued) {}
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full; `work` will not run then.
  bool Submit(std::function<void()> work);

 private:
  void Run();

  const std::size_t max_threads_;
  const std::size_t max_queued_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::function<void()>> queue_ STRATA_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ STRATA_GUARDED_BY(mutex_);
  std::size_t idle_ STRATA_GUARDED_BY(mutex_) = 0;
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace strata::host
