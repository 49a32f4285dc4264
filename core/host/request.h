#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/host/route_table.h"

namespace strata::host {

class CancelHub;

// Why a request is not wanted any more.
enum class CancelReason : std::uint8_t {
  kNone,
  kCaller,    // the caller went away
  kDeadline,  // its time is over
  kDraining,  // its generation is being taken out of service
};

// One request from outside, or one piece of a plugin's background work: the generation that it is
// pinned to and whether anybody still waits for it. Everything that it calls shares it.
// Thread-safe, but for construction and destruction.
class Request final {
 public:
  // Leaves the generation when destroyed.
  Request(RouteTable& table, CancelHub& hub, RouteTable::Ticket ticket)
      : table_(table), hub_(hub), ticket_(ticket), generation_(ticket.generation) {}
  ~Request();
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  const Generation& generation() const { return *generation_; }

  // Gives its place in the generation back before the call is made: a change of the stack does not
  // wait for it. For calls of the core's own services only, before anything is called.
  void Unpin();

  // The current call from outside goes on until its caller has heard enough: changes end it soon.
  void set_endless(bool endless) { endless_.store(endless, std::memory_order_relaxed); }
  bool endless() const { return endless_.load(std::memory_order_relaxed); }

  // Who serves it beside a canary. The first decision stays; returns that.
  Side side() const { return side_.load(std::memory_order_relaxed); }
  Side Decide(Side side) {
    Side expected = Side::kOpen;
    return side_.compare_exchange_strong(expected, side) ? side : expected;
  }

  // When the current call from outside must have ended (CLOCK_MONOTONIC microseconds; 0: never).
  void set_deadline_us(std::int64_t deadline_us) { deadline_us_.store(deadline_us); }
  std::int64_t deadline_us() const { return deadline_us_.load(std::memory_order_relaxed); }

  // Relaxed loads. A passed deadline counts only once a callback was told of it.
  bool Cancelled() const {
    return reason_.load(std::memory_order_relaxed) != CancelReason::kNone ||
           generation_->cancelled(endless());
  }
  CancelReason reason() const;

  // The first reason stays. Runs the callbacks on this thread.
  void Cancel(CancelReason reason);

  // Runs fn(arg) once when the request is cancelled or its deadline has passed. 0: it is cancelled
  // already and fn will not run.
  std::uint64_t OnCancel(void (*fn)(void*), void* arg);
  // After it returns fn neither runs nor will run. Not to be called from inside fn.
  void OffCancel(std::uint64_t id);
  // Takes back what is left of them when the call from outside ends; their number. It is 0 unless a
  // plugin forgot one.
  std::size_t DropCallbacks();

 private:
  struct Hook {
    std::uint64_t id;
    void (*fn)(void*);
    void* arg;
  };

  RouteTable& table_;
  CancelHub& hub_;
  RouteTable::Ticket ticket_;  // Null once unpinned.
  const Generation* generation_;
  std::atomic<bool> endless_{false};
  std::atomic<Side> side_{Side::kOpen};
  std::atomic<CancelReason> reason_{CancelReason::kNone};
  std::atomic<std::int64_t> deadline_us_{0};
  std::atomic<bool> in_hub_{false};  // A callback was registered at some time.

  base::Mutex mutex_;
  base::CondVar ran_;
  std::vector<Hook> hooks_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t last_id_ STRATA_GUARDED_BY(mutex_) = 0;
  std::uint64_t running_id_ STRATA_GUARDED_BY(mutex_) = 0;
};

// Knows the requests that wait to be told of their end: cancels them when their deadline passes
// (one thread, "strata-deadline") or their generation is drained. Thread-safe.
class CancelHub final {
 public:
  explicit CancelHub(const base::Clock& clock);
  ~CancelHub();
  CancelHub(const CancelHub&) = delete;
  CancelHub& operator=(const CancelHub&) = delete;

  void Add(Request* request);
  // After it returns the hub does not touch the request.
  void Remove(Request* request);

  // Cancels the known requests of `generation` and earlier ones: of endless methods, or all. Their
  // number.
  std::size_t CancelGeneration(std::uint64_t generation,
                               RouteTable::Ending which = RouteTable::Ending::kAll);

 private:
  void Run();
  void SetTimer(Request* request) STRATA_REQUIRES(mutex_);
  // Gives the mutex up while the request's callbacks run.
  void CancelOne(Request* request, CancelReason reason) STRATA_REQUIRES(mutex_);

  const base::Clock& clock_;
  base::Mutex mutex_;
  base::CondVar changed_;
  base::CondVar idle_;
  // All that are known, with the instant their timer is set to (0: none).
  std::map<Request*, std::int64_t> known_ STRATA_GUARDED_BY(mutex_);
  std::multimap<std::int64_t, Request*> timers_ STRATA_GUARDED_BY(mutex_);
  std::vector<Request*> busy_ STRATA_GUARDED_BY(mutex_);
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace strata::host
