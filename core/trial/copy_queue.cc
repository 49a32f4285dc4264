#include "core/trial/copy_queue.h"

#include <utility>

namespace strata::trial {

bool CopyQueue::TryPush(Copy&& copy) {
  if (!mutex_.TryLock()) return false;
  const bool room = !closed_ && copies_.size() < kMaxCopies && bytes_ + copy.bytes <= kMaxBytes;
  if (room) {
    bytes_ += copy.bytes;
    copies_.push_back(std::move(copy));
  }
  mutex_.Unlock();
  if (room) changed_.NotifyOne();
  return room;
}

std::optional<Copy> CopyQueue::Pop(std::chrono::steady_clock::time_point until) {
  const base::MutexLock lock(mutex_);
  while (copies_.empty()) {
    if (closed_) return std::nullopt;
    if (!changed_.WaitUntil(mutex_, until) && std::chrono::steady_clock::now() >= until) {
      if (copies_.empty()) return std::nullopt;
    }
  }
  Copy copy = std::move(copies_.front());
  copies_.pop_front();
  bytes_ -= copy.bytes;
  return copy;
}

void CopyQueue::Close() {
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
  }
  changed_.NotifyAll();
}

}  // namespace strata::trial
