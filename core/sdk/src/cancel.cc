#include "strata/cancel.h"

namespace strata {

void CancelSource::Cancel() {
  mutex_.Lock();
  if (!cancelled_.exchange(true, std::memory_order_acq_rel)) {
    running_on_ = std::this_thread::get_id();
    while (!callbacks_.empty()) {
      const auto first = callbacks_.begin();
      const Callback callback = first->second;
      running_id_ = first->first;
      callbacks_.erase(first);
      mutex_.Unlock();
      callback.fn(callback.arg);
      mutex_.Lock();
      running_id_ = 0;
      done_.NotifyAll();
    }
  }
  mutex_.Unlock();
}

std::uint64_t CancelSource::Add(void (*fn)(void*), void* arg) {
  const base::MutexLock lock(mutex_);
  if (cancelled()) return 0;
  callbacks_.emplace(++last_id_, Callback{fn, arg});
  return last_id_;
}

void CancelSource::Remove(std::uint64_t id) {
  const base::MutexLock lock(mutex_);
  if (id == 0 || callbacks_.erase(id) != 0) return;
  if (running_on_ == std::this_thread::get_id()) return;
  while (running_id_ == id) done_.Wait(mutex_);
}

}  // namespace strata
