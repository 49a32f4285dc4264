#include "core/isolation/growing_pool.h"

#include <pthread.h>

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace strata::isolation {
namespace {
constexpr std::chrono::seconds kIdle{10};
}  // namespace

GrowingPool::~GrowingPool() {
  const base::MutexLock lock(mutex_);
  stopping_ = true;
  changed_.NotifyAll();
  while (threads_ != 0) ended_.Wait(mutex_);
}

bool GrowingPool::Submit(std::function<void()> work) {
  const base::MutexLock lock(mutex_);
  if (stopping_) return false;
  if (idle_ <= queue_.size()) {
    if (threads_ == max_threads_) return false;
    // The system gives no more threads: one of ours will be free, if not at once.
    if (!StartThread() && queue_.size() >= threads_) return false;
  }
  queue_.push_back(std::move(work));
  changed_.NotifyOne();
  return true;
}

// Detached: the destructor counts them, and one that ends by itself must leave nothing to join.
bool GrowingPool::StartThread() {
  try {
    std::thread([this] { Run(); }).detach();
  } catch (const std::system_error&) {
    return false;
  }
  ++threads_;
  ++idle_;  // It will take from the queue at once.
  return true;
}

void GrowingPool::Run() {
  pthread_setname_np(pthread_self(), name_.c_str());
  mutex_.Lock();
  while (true) {
    bool waited = false;
    while (queue_.empty() && !stopping_ && !waited) waited = !changed_.WaitFor(mutex_, kIdle);
    if (queue_.empty()) break;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    --idle_;
    mutex_.Unlock();
    work();
    work = nullptr;
    mutex_.Lock();
    ++idle_;
  }
  --idle_;
  --threads_;
  ended_.NotifyAll();
  mutex_.Unlock();
}

}  // namespace strata::isolation
