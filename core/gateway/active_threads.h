#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <deque>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/unique_fd.h"

namespace strata::gateway {

// Keeps about as many of a set of threads active as there are processors: these wait for events and
// work, one event at a time, with warm caches and without taking the processor from each other; the
// rest is parked. A thread that waits within its work (for a disk, a lock, another process) lends
// its place to a parked one, by itself or when the watch finds it held up, so that events are seen
// to as long as there are threads; work that only computes keeps its place for longer, first come,
// first served. Each thread goes round
//   while (threads.Enter(n)) do { wait for an event; Begin(n); work; } while (End(n) == kKept);
// Thread-safe; n is the caller's own number, from 0.
class ActiveThreads final {
 public:
  ActiveThreads(int threads, int places);
  ~ActiveThreads();
  ActiveThreads(const ActiveThreads&) = delete;
  ActiveThreads& operator=(const ActiveThreads&) = delete;

  // Waits for a place. False: Stop was called.
  bool Enter(int number);
  // Between an event and the end of the work for it.
  void Begin(int number);
  // What became of the thread's place: unless it was kept, Enter again.
  enum class Place { kKept, kLent, kLentAsItWaited };
  Place End(int number);
  // Within work: it is going to wait. No effect when the place is lent already.
  void Lend(int number);
  // Lets all parked threads go.
  void Stop();

 private:
  static constexpr std::int64_t kWaiting = 0;
  static constexpr std::int64_t kLent = -1;
  static constexpr std::int64_t kLentAsItWaited = -2;

  // Of one thread.
  struct alignas(64) State {
    std::atomic<std::int64_t> since_us{kLent};  // when its work began, or one of the above
    // Guarded by mutex_: its clock of processor time, /proc's account of it (empty: not there), and
    // what the watch saw of this work last.
    clockid_t clock = 0;
    base::UniqueFd stat;
    std::int64_t seen_since_us = kLent;
    std::int64_t seen_at_us = 0;
    std::int64_t seen_cpu_us = 0;
    bool has_place = false;  // Guarded by mutex_, while parked.
    base::CondVar unparked;
  };

  void Free() STRATA_REQUIRES(mutex_);
  void RunWatch();
  void LendHeldUp() STRATA_REQUIRES(mutex_);
  void Watch(State* state) STRATA_REQUIRES(mutex_);
  static bool Waits(State* state, std::int64_t since_us, std::int64_t now_us);

  std::deque<State> states_;
  // Threads with a place and no work.
  std::atomic<int> waiting_{0};
  std::atomic<bool> watching_{false};
  base::Mutex mutex_;
  base::CondVar watch_;
  int free_ STRATA_GUARDED_BY(mutex_);
  bool stopped_ STRATA_GUARDED_BY(mutex_) = false;
  std::vector<int> parked_ STRATA_GUARDED_BY(mutex_);  // the last one is warmest
  std::thread watcher_;
};

}  // namespace strata::gateway
