#include "core/gateway/active_threads.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace strata::gateway {
namespace {

constexpr std::chrono::microseconds kLook(400);
// Who used less than this part of the processor between two looks was waiting.
constexpr std::int64_t kComputing = 4;
// Not even computing keeps a place for longer.
constexpr std::int64_t kMostUs = 20'000;
// So often in a row some thread waited for events: the watch rests until none does.
constexpr int kQuietRounds = 20;

std::int64_t ReadUs(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

std::int64_t NowUs() { return ReadUs(CLOCK_MONOTONIC); }

// Whether a thread only lacks a processor (proc(5), /proc/pid/stat: the state behind the name).
bool WantsToRun(int stat) {
  std::array<char, 64> text{};
  const ssize_t size = ::pread(stat, text.data(), text.size(), 0);
  if (size <= 0) return false;
  const std::string_view line(text.data(), static_cast<std::size_t>(size));
  const std::size_t name_end = line.rfind(')');
  return name_end != std::string_view::npos && line.substr(name_end).starts_with(") R");
}

}  // namespace

ActiveThreads::ActiveThreads(int threads, int places)
    : states_(static_cast<std::size_t>(threads)), free_(places) {
  watcher_ = std::thread([this] { RunWatch(); });
}

ActiveThreads::~ActiveThreads() {
  Stop();
  watcher_.join();
}

bool ActiveThreads::Enter(int number) {
  State& state = states_[static_cast<std::size_t>(number)];
  const base::MutexLock lock(mutex_);
  if (state.stat.get() < 0) Watch(&state);
  if (free_ > 0) {
    --free_;
  } else {
    state.has_place = false;
    parked_.push_back(number);
    while (!state.has_place && !stopped_) state.unparked.Wait(mutex_);
  }
  if (stopped_) return false;
  state.since_us.store(kWaiting, std::memory_order_relaxed);
  waiting_.fetch_add(1);
  return true;
}

// Called by the thread itself.
void ActiveThreads::Watch(State* state) {
  ::pthread_getcpuclockid(::pthread_self(), &state->clock);
  const std::string path = "/proc/self/task/" + std::to_string(::gettid()) + "/stat";
  state->stat = base::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

void ActiveThreads::Begin(int number) {
  State& state = states_[static_cast<std::size_t>(number)];
  state.since_us.store(NowUs(), std::memory_order_relaxed);
  // Sequential, as in RunWatch: either this thread sees that nobody watches, or the watch sees that
  // nobody waits.
  if (waiting_.fetch_sub(1) == 1 && !watching_.load()) {
    const base::MutexLock lock(mutex_);
    watching_.store(true);
    watch_.NotifyOne();
  }
}

ActiveThreads::Place ActiveThreads::End(int number) {
  State& state = states_[static_cast<std::size_t>(number)];
  std::int64_t since = state.since_us.load(std::memory_order_relaxed);
  if (since >= 0 &&
      state.since_us.compare_exchange_strong(since, kWaiting, std::memory_order_acq_rel)) {
    waiting_.fetch_add(1);
    return Place::kKept;
  }
  return since == kLentAsItWaited ? Place::kLentAsItWaited : Place::kLent;
}

void ActiveThreads::Lend(int number) {
  State& state = states_[static_cast<std::size_t>(number)];
  const base::MutexLock lock(mutex_);
  if (state.since_us.exchange(kLent, std::memory_order_acq_rel) >= 0) Free();
}

void ActiveThreads::Stop() {
  const base::MutexLock lock(mutex_);
  stopped_ = true;
  for (State& state : states_) state.unparked.NotifyOne();
  watch_.NotifyOne();
}

// A place for the thread that was parked last, or for the next that comes.
void ActiveThreads::Free() {
  if (parked_.empty()) {
    ++free_;
    return;
  }
  State& next = states_[static_cast<std::size_t>(parked_.back())];
  parked_.pop_back();
  next.has_place = true;
  next.unparked.NotifyOne();
}

bool ActiveThreads::Waits(State* state, std::int64_t since_us, std::int64_t now_us) {
  const std::int64_t cpu_us = ReadUs(state->clock);
  const bool seen = state->seen_since_us == since_us;
  const bool waited = (cpu_us - state->seen_cpu_us) * kComputing < now_us - state->seen_at_us;
  state->seen_since_us = since_us;
  state->seen_at_us = now_us;
  state->seen_cpu_us = cpu_us;
  return seen && waited && !WantsToRun(state->stat.get());
}

void ActiveThreads::LendHeldUp() {
  const std::int64_t now = NowUs();
  for (State& state : states_) {
    std::int64_t since = state.since_us.load(std::memory_order_relaxed);
    if (since == kWaiting || since < 0) continue;
    const bool waits = Waits(&state, since, now);
    if (!waits && now - since < kMostUs) continue;
    const std::int64_t lent = waits ? kLentAsItWaited : kLent;
    if (state.since_us.compare_exchange_strong(since, lent, std::memory_order_acq_rel)) Free();
  }
}

void ActiveThreads::RunWatch() {
  pthread_setname_np(pthread_self(), "http-watch");
  const base::MutexLock lock(mutex_);
  int quiet = 0;
  while (!stopped_) {
    if (waiting_.load() > 0 && ++quiet > kQuietRounds) {
      watching_.store(false);
      if (waiting_.load() > 0) {
        while (!watching_.load() && !stopped_) watch_.Wait(mutex_);
      }
      watching_.store(true);
      quiet = 0;
    }
    static_cast<void>(watch_.WaitFor(mutex_, kLook));
    if (waiting_.load() == 0) {
      quiet = 0;
      LendHeldUp();
    }
  }
}

}  // namespace strata::gateway
