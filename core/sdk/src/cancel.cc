#include "strata/cancel.h"

namespace strata {

void CancelSource::Cancel() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (cancelled_.exchange(true, std::memory_order_acq_rel)) return;
  running_on_ = std::this_thread::get_id();
  while (!callbacks_.empty()) {
    const auto first = callbacks_.begin();
    const Callback callback = first->second;
    running_id_ = first->first;
    callbacks_.erase(first);
    lock.unlock();
    callback.fn(callback.arg);
    lock.lock();
    running_id_ = 0;
    done_.notify_all();
  }
}

std::uint64_t CancelSource::Add(void (*fn)(void*), void* arg) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (cancelled()) return 0;
  callbacks_.emplace(++last_id_, Callback{fn, arg});
  return last_id_;
}

void CancelSource::Remove(std::uint64_t id) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (id == 0 || callbacks_.erase(id) != 0) return;
  if (running_on_ == std::this_thread::get_id()) return;
  done_.wait(lock, [&] { return running_id_ != id; });
}

}  // namespace strata
