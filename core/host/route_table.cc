#include "core/host/route_table.h"

#include <algorithm>
#include <utility>

namespace strata::host {

std::int64_t Generation::InFlight() const {
  std::int64_t sum = 0;
  for (const Stripe& stripe : stripes_) sum += stripe.in_flight.load();
  return sum;
}

RouteTable::RouteTable(const base::Clock& clock, std::chrono::milliseconds max_park)
    : clock_(clock), max_park_(max_park) {
  outside_.id_ = kEverything;
  outside_.routes_ = std::make_unique<const Routes>();
}
RouteTable::~RouteTable() = default;

Result<RouteTable::Ticket> RouteTable::Enter(Caller caller, std::int64_t deadline_us) {
  const std::uint32_t shut =
      caller == Caller::kIngress ? kGateClosed | kIngressClosed : kGateClosed;
  const auto stripe = static_cast<std::uint32_t>(base::ThreadNumber() % Generation::kStripes);
  while (true) {
    if ((mode_.load() & shut) != 0) STRATA_RETURN_IF_ERROR(Park(caller, deadline_us));
    Generation* const seen = current_.load();
    if (seen == nullptr) return Unavailable("the stack is starting");
    seen->stripes_[stripe].in_flight.fetch_add(1);
    if (current_.load() == seen && (mode_.load() & shut) == 0) return Ticket{seen, stripe};
    Leave({seen, stripe});
  }
}

void RouteTable::Leave(const Ticket& ticket) {
  ticket.generation->stripes_[ticket.stripe].in_flight.fetch_sub(1);
  if (drainers_.load() != 0) WakeDrainers();
}

void RouteTable::WakeDrainers() {
  { const base::MutexLock lock(mutex_); }  // A drainer has either looked already or waits.
  left_.NotifyAll();
}

Status RouteTable::Park(Caller caller, std::int64_t deadline_us) {
  const std::int64_t now_us = clock_.MonotonicUs();
  std::int64_t wait_us = std::chrono::microseconds(max_park_).count();
  if (deadline_us != 0) wait_us = std::min(wait_us, deadline_us - now_us);
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(wait_us);
  const base::MutexLock lock(mutex_);
  while (true) {
    const std::uint32_t mode = mode_.load();
    if (caller == Caller::kIngress && (mode & kIngressClosed) != 0) {
      return Unavailable("the stack is starting or stopping");
    }
    if ((mode & kGateClosed) == 0) return OkStatus();
    if (!gate_changed_.WaitUntil(mutex_, until) && std::chrono::steady_clock::now() >= until) {
      return Unavailable(why_closed_ + "; try again");
    }
  }
}

void RouteTable::CloseGate(std::string why) {
  {
    const base::MutexLock lock(mutex_);
    why_closed_ = std::move(why);
  }
  mode_.fetch_or(kGateClosed);
}

std::uint64_t RouteTable::Publish(std::unique_ptr<const Routes> routes) {
  std::vector<std::unique_ptr<const Routes>> retired;  // Freed after the lock.
  const base::MutexLock lock(mutex_);
  Retire(&retired);
  Generation* const next = MakeGeneration(std::move(routes));
  current_.store(next);  // The switch.
  current_id_.store(next->id_);
  return next->id_;
}

Generation* RouteTable::MakeGeneration(std::unique_ptr<const Routes> routes) {
  if (free_.empty()) {
    blocks_.emplace_back();
    free_.push_back(&blocks_.back());
  }
  Generation* const made = free_.back();
  free_.pop_back();
  made->id_ = current_id_.load() + 1;
  made->routes_ = std::move(routes);
  made->cancelled_.store(0, std::memory_order_relaxed);
  made->abandoned_.store(false, std::memory_order_relaxed);
  live_.push_back(made);
  return made;
}

void RouteTable::Stage(std::unique_ptr<const Routes> routes) {
  std::vector<std::unique_ptr<const Routes>> retired;  // Freed after the lock.
  const base::MutexLock lock(mutex_);
  staged_ = MakeGeneration(std::move(routes));
  Retire(&retired);
}

void RouteTable::Unstage() {
  std::vector<std::unique_ptr<const Routes>> retired;  // Freed after the lock.
  const base::MutexLock lock(mutex_);
  staged_ = nullptr;
  Retire(&retired);
}

Result<RouteTable::Ticket> RouteTable::EnterStaged() {
  const auto stripe = static_cast<std::uint32_t>(base::ThreadNumber() % Generation::kStripes);
  const base::MutexLock lock(mutex_);  // Whoever retires a generation holds it too.
  Generation* const generation = staged_ != nullptr ? staged_ : current_.load();
  if (generation == nullptr) return Unavailable("the stack is starting");
  generation->stripes_[stripe].in_flight.fetch_add(1);
  return Ticket{generation, stripe};
}

bool RouteTable::DrainedUpTo(std::uint64_t generation) const {
  return std::all_of(live_.begin(), live_.end(), [&](const Generation* g) {
    return g->id_ > generation || g->abandoned() || g->Idle();
  });
}

void RouteTable::Retire(std::vector<std::unique_ptr<const Routes>>* retired) {
  std::vector<Generation*> kept;
  for (Generation* g : live_) {
    if (g == current_.load() || g == staged_ || !g->Idle()) {
      kept.push_back(g);
    } else {
      retired->push_back(std::move(g->routes_));
      free_.push_back(g);
    }
  }
  live_ = std::move(kept);
}

bool RouteTable::WaitDrained(std::uint64_t generation,
                             std::chrono::steady_clock::time_point deadline) {
  std::vector<std::unique_ptr<const Routes>> retired;  // Freed after the lock.
  drainers_.fetch_add(1);
  const base::MutexLock lock(mutex_);
  bool drained = DrainedUpTo(generation);
  while (!drained && std::chrono::steady_clock::now() < deadline) {
    left_.WaitUntil(mutex_, deadline);
    drained = DrainedUpTo(generation);
  }
  drainers_.fetch_sub(1);
  Retire(&retired);
  return drained;
}

void RouteTable::Cancel(std::uint64_t generation, Ending which) {
  const std::uint8_t level = which == Ending::kAll ? Generation::kAll : Generation::kEndless;
  const base::MutexLock lock(mutex_);
  for (Generation* g : live_) {
    if (g->id_ <= generation) g->cancelled_.store(std::max(level, g->cancelled_.load()));
  }
  if (generation == kEverything) outside_.cancelled_.store(level);
}

std::int64_t RouteTable::Abandon(std::uint64_t generation) {
  const base::MutexLock lock(mutex_);
  std::int64_t given_up = 0;
  for (Generation* g : live_) {
    if (g->id_ > generation || g->abandoned() || g->Idle()) continue;
    given_up += g->InFlight();
    g->abandoned_.store(true);
  }
  return given_up;
}

std::int64_t RouteTable::AbandonedInFlight() const {
  const base::MutexLock lock(mutex_);
  std::int64_t sum = 0;
  for (const Generation* g : live_) {
    if (g->abandoned()) sum += g->InFlight();
  }
  return sum;
}

std::int64_t RouteTable::InFlightUpTo(std::uint64_t generation) const {
  const base::MutexLock lock(mutex_);
  std::int64_t sum = 0;
  for (const Generation* g : live_) {
    if (g->id_ <= generation && !g->abandoned()) sum += g->InFlight();
  }
  return sum;
}

void RouteTable::OpenGate() {
  {
    const base::MutexLock lock(mutex_);
    mode_.fetch_and(~kGateClosed);
  }
  gate_changed_.NotifyAll();
}

void RouteTable::CloseIngress() {
  {
    const base::MutexLock lock(mutex_);
    mode_.fetch_or(kIngressClosed);
  }
  gate_changed_.NotifyAll();
}

std::int64_t RouteTable::InFlight() const { return InFlightUpTo(kEverything); }

}  // namespace strata::host
