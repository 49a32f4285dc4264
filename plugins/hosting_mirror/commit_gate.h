#pragma once

#include <cstdint>

#include "core/base/mutex.h"

namespace strata::plugins::hosting_mirror {

// Lets many writers through, or nobody. Thread-safe.
class CommitGate {
 public:
  // A writer, for the length of a scope; waits while the gate is closed.
  class Pass {
   public:
    explicit Pass(CommitGate* gate) : gate_(gate) {
      base::MutexLock lock(gate_->mutex_);
      while (gate_->closed_) gate_->changed_.Wait(gate_->mutex_);
      ++gate_->inside_;
    }
    ~Pass() {
      base::MutexLock lock(gate_->mutex_);
      if (--gate_->inside_ == 0) gate_->changed_.NotifyAll();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    CommitGate* const gate_;
  };

  // The gate closed, for the length of a scope; waits until all writers are through.
  class Closed {
   public:
    explicit Closed(CommitGate* gate) : gate_(gate) {
      base::MutexLock lock(gate_->mutex_);
      while (gate_->closed_) gate_->changed_.Wait(gate_->mutex_);
      gate_->closed_ = true;
      while (gate_->inside_ > 0) gate_->changed_.Wait(gate_->mutex_);
    }
    ~Closed() {
      base::MutexLock lock(gate_->mutex_);
      gate_->closed_ = false;
      gate_->changed_.NotifyAll();
    }
    Closed(const Closed&) = delete;
    Closed& operator=(const Closed&) = delete;

   private:
    CommitGate* const gate_;
  };

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
  std::uint64_t inside_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace strata::plugins::hosting_mirror
