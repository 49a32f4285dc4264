#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/shard.h"
#include "core/base/status.h"
#include "core/host/routes.h"

namespace strata::host {

// One edition of the routes and the count of requests that are pinned to it. Control blocks are
// reused but never freed while the table lives: a thread that read a stale pointer may touch the
// counters of a later generation for a moment, which is harmless, and never reads its routes.
class Generation final {
 public:
  // For holders of a ticket only.
  std::uint64_t id() const { return id_; }
  const Routes& routes() const { return *routes_; }
  // Its requests are to end; the endless ones sooner than the others.
  bool cancelled(bool endless) const {
    return cancelled_.load(std::memory_order_relaxed) >= (endless ? kEndless : kAll);
  }
  // Nobody waits for its requests any more: what they would call may be gone.
  bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }

 private:
  friend class RouteTable;
  static constexpr std::size_t kStripes = 16;
  struct alignas(base::kCacheLine) Stripe {
    std::atomic<std::int64_t> in_flight{0};
  };

  static constexpr std::uint8_t kEndless = 1;
  static constexpr std::uint8_t kAll = 2;

  bool Idle() const { return InFlight() == 0; }
  std::int64_t InFlight() const;

  std::array<Stripe, kStripes> stripes_;
  std::atomic<std::uint8_t> cancelled_{0};
  std::atomic<bool> abandoned_{false};
  std::uint64_t id_ = 0;
  std::unique_ptr<const Routes> routes_;
};

// The current generation, those still draining, and the gate in front of them. Requests enter
// through it and see one generation until they leave. Thread-safe; Enter and Leave take no lock
// while the gate is open. Publish, Cancel and the gate are for one control thread at a time.
//
// Why the count is sound: Enter adds to a stripe and then reads the pointer and the gate again;
// the control thread changes one of those and then reads the stripes; both are sequentially
// consistent, so one of the two sees the other (Dekker). A request that sees the change backs off.
// After a switch nobody validates on the old generation again, and each stripe is only lowered by
// its own requests, so a stripe that was seen empty holds no request ever after.
class RouteTable final {
 public:
  enum class Caller : std::uint8_t {
    kIngress,     // a request from outside
    kBackground,  // work of a plugin that no request asked for
  };

  // A place in a generation, to be given back with Leave on any thread.
  struct Ticket {
    Generation* generation = nullptr;
    std::uint32_t stripe = 0;
  };

  // The table has no routes until the first Publish, and lets only background work in until
  // OpenIngress.
  // `max_park`: how long somebody waits at the gate.
  explicit RouteTable(const base::Clock& clock,
                      std::chrono::milliseconds max_park = std::chrono::seconds(10));
  ~RouteTable();
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  // Waits while the gate is closed, at most until `deadline_us` (CLOCK_MONOTONIC microseconds, 0:
  // none) and `max_park`. UNAVAILABLE: waited too long, ingress is closed, or nothing is published.
  Result<Ticket> Enter(Caller caller, std::int64_t deadline_us);
  void Leave(const Ticket& ticket);

  // Makes `routes` the generation that all later requests see; returns its number (1, 2, ...).
  std::uint64_t Publish(std::unique_ptr<const Routes> routes);

  // Blocks until no request is pinned to `generation` or an earlier one, then frees the routes of
  // those that are not current; false when `deadline` came first. For the current generation, the
  // gate must be closed.
  bool WaitDrained(std::uint64_t generation, std::chrono::steady_clock::time_point deadline);

  // Tells requests of `generation` and earlier ones to end: those of endless methods, or all.
  enum class Ending : std::uint8_t { kEndless, kAll };
  void Cancel(std::uint64_t generation, Ending which = Ending::kAll);
  // Every generation and what is outside of them.
  static constexpr std::uint64_t kEverything = ~std::uint64_t{0};

  // Gives the requests of `generation` and earlier ones up, after they were cancelled in vain:
  // WaitDrained passes over them, and they reach no plugin any more. Their number.
  std::int64_t Abandon(std::uint64_t generation);
  // Abandoned requests that have still not ended.
  std::int64_t AbandonedInFlight() const;

  // Requests in `generation` and earlier ones, without the abandoned.
  std::int64_t InFlightUpTo(std::uint64_t generation) const;

  // What candidates of a change see before the switch: their own background calls enter `routes`,
  // past the gate. Replaces what was staged; without any, those calls enter the current generation.
  void Stage(std::unique_ptr<const Routes> routes);
  void Unstage();
  // UNAVAILABLE: nothing is published.
  Result<Ticket> EnterStaged();

  // The place of requests that have left their generation (Request::Unpin): it is never drained.
  const Generation& outside() const { return outside_; }

  // While the gate is closed, whoever enters is parked; who waits too long is told `why`.
  void CloseGate(std::string why);
  void OpenGate();

  void OpenIngress() { mode_.fetch_and(~kIngressClosed); }
  // Nobody from outside enters any more; the parked are sent away.
  void CloseIngress();
  bool ingress_open() const { return (mode_.load() & kIngressClosed) == 0; }

  std::uint64_t current() const { return current_id_.load(); }
  // Requests in all generations now.
  std::int64_t InFlight() const;

 private:
  static constexpr std::uint32_t kGateClosed = 1;
  static constexpr std::uint32_t kIngressClosed = 2;

  Status Park(Caller caller, std::int64_t deadline_us);
  void WakeDrainers();
  bool DrainedUpTo(std::uint64_t generation) const STRATA_REQUIRES(mutex_);
  Generation* MakeGeneration(std::unique_ptr<const Routes> routes) STRATA_REQUIRES(mutex_);
  void Retire(std::vector<std::unique_ptr<const Routes>>* retired) STRATA_REQUIRES(mutex_);

  const base::Clock& clock_;
  const std::chrono::milliseconds max_park_;
  std::atomic<Generation*> current_{nullptr};
  std::atomic<std::uint32_t> mode_{kIngressClosed};
  std::atomic<std::uint32_t> drainers_{0};
  std::atomic<std::uint64_t> current_id_{0};

  mutable base::Mutex mutex_;
  std::string why_closed_ STRATA_GUARDED_BY(mutex_);
  base::CondVar gate_changed_;
  base::CondVar left_;
  std::deque<Generation> blocks_ STRATA_GUARDED_BY(mutex_);
  std::vector<Generation*> live_ STRATA_GUARDED_BY(mutex_);  // Oldest first.
  std::vector<Generation*> free_ STRATA_GUARDED_BY(mutex_);
  Generation* staged_ STRATA_GUARDED_BY(mutex_) = nullptr;
  Generation outside_;
};

}  // namespace strata::host
