#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace strata::gateway {

// A fixed number of named threads and a bounded queue, for work that blocks. Thread-safe.
class WorkerPool final {
 public:
  WorkerPool(const std::string& name, int threads, std::size_t queue_limit);
  ~WorkerPool();  // runs what is queued, then joins
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False: every thread is busy and the queue is full; `work` will not run.
  bool Submit(std::function<void()> work);

 private:
  void Run(const std::string& name);

  const std::size_t thread_count_;
  const std::size_t queue_limit_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::function<void()>> queue_ STRATA_GUARDED_BY(mutex_);
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  std::size_t busy_ STRATA_GUARDED_BY(mutex_) = 0;
  std::vector<std::thread> threads_;
};

}  // namespace strata::gateway
