#include "core/host/request.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace strata::host {

Request::~Request() {
  if (in_hub_) hub_.Remove(this);
  if (ticket_.generation != nullptr) table_.Leave(ticket_);
}

void Request::Unpin() {
  if (ticket_.generation == nullptr) return;
  generation_ = &table_.outside();
  table_.Leave(std::exchange(ticket_, {}));
}

CancelReason Request::reason() const {
  const CancelReason reason = reason_.load(std::memory_order_relaxed);
  if (reason == CancelReason::kNone && generation_->cancelled(endless())) {
    return CancelReason::kDraining;
  }
  return reason;
}

void Request::Cancel(CancelReason reason) {
  CancelReason expected = CancelReason::kNone;
  reason_.compare_exchange_strong(expected, reason);
  mutex_.Lock();
  while (!hooks_.empty()) {
    // One at a time and not under the lock: fn may do anything but OffCancel of itself.
    if (running_id_ != 0) {  // Another thread is at it already.
      ran_.Wait(mutex_);
      continue;
    }
    const Hook hook = hooks_.back();
    hooks_.pop_back();
    running_id_ = hook.id;
    mutex_.Unlock();
    hook.fn(hook.arg);
    mutex_.Lock();
    running_id_ = 0;
    ran_.NotifyAll();
  }
  mutex_.Unlock();
}

std::uint64_t Request::OnCancel(void (*fn)(void*), void* arg) {
  std::uint64_t id = 0;
  {
    const base::MutexLock lock(mutex_);
    if (Cancelled()) return 0;
    id = ++last_id_;
    hooks_.push_back({id, fn, arg});
    in_hub_ = true;
  }
  hub_.Add(this);
  // Its generation may have been cancelled before the hub knew of this request.
  if (Cancelled()) Cancel(reason());
  return id;
}

void Request::OffCancel(std::uint64_t id) {
  const base::MutexLock lock(mutex_);
  if (std::erase_if(hooks_, [&](const Hook& hook) { return hook.id == id; }) > 0) return;
  while (running_id_ == id) ran_.Wait(mutex_);
}

std::size_t Request::DropCallbacks() {
  if (!in_hub_.load(std::memory_order_relaxed)) return 0;
  const base::MutexLock lock(mutex_);
  const std::size_t left = hooks_.size();
  hooks_.clear();
  while (running_id_ != 0) ran_.Wait(mutex_);
  return left;
}

CancelHub::CancelHub(const base::Clock& clock) : clock_(clock) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-deadline");
    Run();
  });
}

CancelHub::~CancelHub() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void CancelHub::SetTimer(Request* request) {
  std::int64_t& timer = known_[request];
  const std::int64_t wanted = request->deadline_us();
  if (wanted == timer) return;
  if (timer != 0) {
    const auto [first, last] = timers_.equal_range(timer);
    timers_.erase(std::find_if(first, last, [&](const auto& t) { return t.second == request; }));
  }
  timer = wanted;
  if (wanted != 0) timers_.emplace(wanted, request);
}

void CancelHub::Add(Request* request) {
  bool sooner = false;
  {
    const base::MutexLock lock(mutex_);
    SetTimer(request);
    sooner = !timers_.empty() && timers_.begin()->second == request;
  }
  if (sooner) changed_.NotifyAll();
}

void CancelHub::Remove(Request* request) {
  const base::MutexLock lock(mutex_);
  while (std::find(busy_.begin(), busy_.end(), request) != busy_.end()) idle_.Wait(mutex_);
  request->set_deadline_us(0);
  SetTimer(request);
  known_.erase(request);
}

void CancelHub::CancelOne(Request* request, CancelReason reason) {
  busy_.push_back(request);
  mutex_.Unlock();
  request->Cancel(reason);
  mutex_.Lock();
  busy_.erase(std::find(busy_.begin(), busy_.end(), request));
  idle_.NotifyAll();
}

std::size_t CancelHub::CancelGeneration(std::uint64_t generation, RouteTable::Ending which) {
  const base::MutexLock lock(mutex_);
  std::vector<Request*> told;
  const auto next = [&]() STRATA_REQUIRES(mutex_) -> Request* {
    for (const auto& [request, timer] : known_) {
      const bool due = request->generation().id() <= generation &&
                       (which == RouteTable::Ending::kAll || request->endless());
      if (due && std::find(told.begin(), told.end(), request) == told.end()) return request;
    }
    return nullptr;
  };
  while (Request* request = next()) {
    told.push_back(request);
    CancelOne(request, CancelReason::kDraining);
  }
  return told.size();
}

void CancelHub::Run() {
  const base::MutexLock lock(mutex_);
  while (!stopping_) {
    if (timers_.empty()) {
      changed_.Wait(mutex_);
      continue;
    }
    const auto [due_us, request] = *timers_.begin();
    const std::int64_t left_us = due_us - clock_.MonotonicUs();
    if (left_us > 0) {
      changed_.WaitFor(mutex_, std::chrono::microseconds(left_us));
      continue;
    }
    if (request->deadline_us() != due_us) {  // That call has ended; the next has another deadline.
      SetTimer(request);
      continue;
    }
    timers_.erase(timers_.begin());
    known_[request] = 0;
    CancelOne(request, CancelReason::kDeadline);
  }
}

}  // namespace strata::host
