#include "core/gateway/worker_pool.h"

#include <pthread.h>

#include <utility>

namespace strata::gateway {

WorkerPool::WorkerPool(const std::string& name, int threads, std::size_t queue_limit)
    : thread_count_(static_cast<std::size_t>(threads)), queue_limit_(queue_limit) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back(
        [this, thread_name = name + "-" + std::to_string(i)] { Run(thread_name); });
  }
}

WorkerPool::~WorkerPool() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::Submit(std::function<void()> work) {
  {
    const base::MutexLock lock(mutex_);
    // Threads that are free, or will be once they have started, take from the queue at once.
    const std::size_t free = thread_count_ - busy_;
    if (stopping_ || queue_.size() >= queue_limit_ + free) return false;
    queue_.push_back(std::move(work));
  }
  changed_.NotifyOne();
  return true;
}

void WorkerPool::Run(const std::string& name) {
  pthread_setname_np(pthread_self(), name.c_str());
  mutex_.Lock();
  while (true) {
    while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
    if (queue_.empty()) break;
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    mutex_.Unlock();
    work();
    mutex_.Lock();
    --busy_;
  }
  mutex_.Unlock();
}

}  // namespace strata::gateway
