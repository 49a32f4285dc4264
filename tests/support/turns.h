#pragma once

#include "core/base/mutex.h"

namespace strata::testing {

// Lets the threads of a test do no more than what it has given them turns for: writers that keep
// step with a copy end with it on any machine, where writers with a pace of their own outrun it on
// a slow one. Thread-safe.
class Turns final {
 public:
  // From here on so many are left.
  void Give(int turns) {
    const base::MutexLock lock(mutex_);
    left_ = turns;
    changed_.NotifyAll();
  }
  // Waits until none is left.
  void AwaitTaken() {
    const base::MutexLock lock(mutex_);
    while (left_ != 0 && !ended_) changed_.Wait(mutex_);
  }
  // Waits for a turn; false: there will be none any more.
  bool Take() {
    const base::MutexLock lock(mutex_);
    while (left_ == 0 && !ended_) changed_.Wait(mutex_);
    if (ended_) return false;
    ++taken_;
    if (--left_ == 0) changed_.NotifyAll();
    return true;
  }
  void End() {
    const base::MutexLock lock(mutex_);
    ended_ = true;
    changed_.NotifyAll();
  }
  int taken() {
    const base::MutexLock lock(mutex_);
    return taken_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  int left_ STRATA_GUARDED_BY(mutex_) = 0;
  int taken_ STRATA_GUARDED_BY(mutex_) = 0;
  bool ended_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace strata::testing
