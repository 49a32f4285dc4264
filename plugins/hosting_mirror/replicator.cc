#include "plugins/hosting_mirror/replicator.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "storage/replica/fill.h"

namespace strata::plugins::hosting_mirror {
namespace {

namespace v1 = hosting::v1;
using storage::replica::CarryTail;
using storage::replica::Cursor;
using storage::replica::Fill;
using storage::replica::IngestAll;
using storage::replica::TailBatch;
using storage::replica::TailOptions;

// A background call is bound to the routes it began with: it ends now and then and begins anew.
constexpr auto kCallTime = std::chrono::seconds(30);
constexpr auto kFillTime = std::chrono::hours(24);
constexpr int kMostFailures = 20;
// Whether another instance was faster: a row may be deleted while it is looked at.
constexpr int kMostAsked = 3;
constexpr auto kFirstPause = std::chrono::milliseconds(50);
constexpr auto kLongestPause = std::chrono::milliseconds(5000);
// How soon a waiting commit notices that its caller has gone.
constexpr auto kPoll = std::chrono::milliseconds(50);

// Nothing was done: the call was not one that the store takes.
bool Refused(const Status& status) {
  return status.code() == Code::kInvalidArgument || status.code() == Code::kFailedPrecondition;
}

Status Live(const Context& context) {
  if (!context.Cancelled()) return OkStatus();
  return std::chrono::steady_clock::now() >= context.Deadline()
             ? DeadlineExceeded("the deadline has passed")
             : Cancelled("the caller has cancelled");
}

}  // namespace

Replicator::Replicator(Host host, const v1::HostingClient* primary,
                       const v1::HostingClient* secondary, Options options)
    : host_(host),
      primary_(primary),
      secondary_(secondary),
      options_(options),
      attached_gauge_(host.Gauge("hosting_mirror_attached")),
      lost_counter_(host.Counter("hosting_mirror_secondary_lost_total")) {}

Status Replicator::Start() {
  const Context context = Context::Background(kFillTime);
  Result<Pairing> pairing = Pair(*primary_, *secondary_, context, options_.overwrite_secondary);
  // Under kDegrade a secondary that cannot be reached is no reason not to start; one that holds
  // something else is.
  if (!pairing.ok() && (options_.policy == Policy::kRequired ||
                        pairing.status().code() == Code::kFailedPrecondition)) {
    return pairing.status();
  }
  if (pairing.ok() && pairing->step == Step::kFillPrimary) {
    STRATA_RETURN_IF_ERROR(FillPrimary(context, pairing->cursor));
  }
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-mirror");
    Loop();
  });
  const auto until = std::chrono::steady_clock::now() + options_.patience;
  base::MutexLock lock(mutex_);
  while (!state_.attached && !state_.filling && state_.detached_times == 0) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left.count() <= 0) break;
    changed_.WaitFor(mutex_, left);
  }
  return OkStatus();
}

void Replicator::Stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    if (running_ != nullptr) running_->Cancel();
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Replicator::State Replicator::state() const {
  base::MutexLock lock(mutex_);
  return state_;
}

Status Replicator::Health() const {
  base::MutexLock lock(mutex_);
  if (state_.attached || options_.policy == Policy::kDegrade) return OkStatus();
  return Unavailable("the secondary is not attached: " + state_.reason);
}

Status Replicator::AwaitAttached(const Context& context) {
  if (options_.policy == Policy::kDegrade) return OkStatus();
  const auto until = std::chrono::steady_clock::now() + options_.patience;
  base::MutexLock lock(mutex_);
  while (!state_.attached) {
    STRATA_RETURN_IF_ERROR(Live(context));
    if (stopping_ || std::chrono::steady_clock::now() >= until) {
      return Unavailable("nothing was written, because the secondary is not attached: " +
                         state_.reason);
    }
    changed_.WaitFor(mutex_, kPoll);
  }
  return OkStatus();
}

Status Replicator::AwaitVersion(const Context& context, std::uint64_t version) {
  base::MutexLock lock(mutex_);
  while (state_.version < version) {
    if (!state_.attached) {
      if (options_.policy == Policy::kDegrade) return OkStatus();
      return Unavailable("the primary has the commit, the secondary was lost before it had it: " +
                         state_.reason + "; ask again under the same request_id");
    }
    STRATA_RETURN_IF_ERROR(Live(context));
    changed_.WaitFor(mutex_, kPoll);
  }
  return OkStatus();
}

void Replicator::Pause() {
  base::MutexLock lock(mutex_);
  ++paused_;
  if (running_ != nullptr) running_->Cancel();
  while (!idle_) changed_.Wait(mutex_);
}

void Replicator::Resume() {
  base::MutexLock lock(mutex_);
  --paused_;
  changed_.NotifyAll();
}

Status Replicator::Mark(const Context& context, Cursor::Phase phase) {
  v1::DescribeResponse described;
  STRATA_RETURN_IF_ERROR(primary_->Describe(context, {}, &described));
  Cursor cursor;
  cursor.source_id = described.store_id();
  cursor.phase = phase;
  cursor.other = described.ingest_cursor();
  std::vector<v1::IngestRequest> messages(1);
  messages[0].set_cursor(Encode(cursor));
  return IngestAll(*secondary_, context, &messages);
}

Status Replicator::ChangeBoth(const Context& context, const std::function<Status()>& primary,
                              const std::function<Status()>& secondary) {
  Pause();
  Status status = Mark(context, Cursor::Phase::kFilling);
  if (status.ok()) {
    status = primary();
    bool same = Refused(status);
    if (status.ok()) {
      status = secondary();
      same = status.ok();
    }
    // Else the note stays, and the secondary is filled: nobody knows what it has.
    const Status noted = same ? Mark(context, Cursor::Phase::kFollowing) : OkStatus();
    if (status.ok()) status = noted;
  }
  Resume();
  return status;
}

bool Replicator::Rest(std::chrono::milliseconds pause) {
  const auto until = std::chrono::steady_clock::now() + pause;
  base::MutexLock lock(mutex_);
  while (!stopping_) {
    const auto left = until - std::chrono::steady_clock::now();
    if (paused_ > 0) {
      changed_.Wait(mutex_);
    } else if (left.count() > 0) {
      changed_.WaitFor(mutex_, left);
    } else {
      return false;
    }
  }
  return true;
}

void Replicator::Loop() {
  auto pause = kFirstPause;
  while (!Rest(std::chrono::milliseconds(0))) {
    auto source = std::make_shared<CancelSource>();
    {
      base::MutexLock lock(mutex_);
      if (stopping_ || paused_ > 0) continue;
      running_ = source;
      idle_ = false;
    }
    const Status ended = Follow(Context::Background(kFillTime, source.get()));
    bool broken = false;
    {
      base::MutexLock lock(mutex_);
      running_ = nullptr;
      idle_ = true;
      broken = !stopping_ && paused_ == 0 && !ended.ok();
      if (state_.attached) pause = kFirstPause;
      changed_.NotifyAll();
    }
    if (!broken) continue;
    Detach(ended);
    if (Rest(pause)) return;
    pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
  }
}

Status Replicator::Follow(const Context& context) {
  STRATA_ASSIGN_OR_RETURN(const Pairing pairing,
                          Pair(*primary_, *secondary_, context, options_.overwrite_secondary));
  if (pairing.step == Step::kFillPrimary) {
    return FailedPrecondition("the primary has lost its records; restart the mirror");
  }
  if (pairing.step == Step::kFill) return FillSecondary(context, pairing.cursor);
  if (!pairing.noted) STRATA_RETURN_IF_ERROR(Mark(context, Cursor::Phase::kFollowing));
  std::uint64_t after = pairing.secondary_version;
  Advance(after);
  Status status = Carry(context, &after, /*wait=*/false);
  if (status.ok()) {
    SetAttached();
    status = FollowOn(context, &after);
  }
  if (status.code() != Code::kOutOfRange) return status;
  Cursor cursor;
  cursor.source_id = pairing.cursor.source_id;
  return FillSecondary(context, cursor);
}

// The feed ends now and then: with the time of a call, or because the routes of the stack have
// changed. Only when it does not come back, the secondary is lost.
Status Replicator::FollowOn(const Context& context, std::uint64_t* after) {
  Status status;
  for (int failures = 0; failures < kMostFailures; ++failures) {
    const std::uint64_t before = *after;
    bool target_failed = false;
    status = Carry(context, after, /*wait=*/true, &target_failed);
    if (context.Cancelled()) return status;
    if (*after != before || status.code() == Code::kDeadlineExceeded) failures = 0;
    if (status.ok() || status.code() == Code::kDeadlineExceeded) continue;
    if (target_failed || status.code() != Code::kUnavailable) return status;
    base::MutexLock lock(mutex_);
    if (stopping_ || paused_ > 0) return status;
    changed_.WaitFor(mutex_, kFirstPause);
  }
  return status;
}

Status Replicator::Carry(const Context& context, std::uint64_t* after, bool wait,
                         bool* target_failed) {
  const storage::replica::Stores stores{primary_, secondary_};
  TailOptions tail;
  tail.after = *after;
  tail.stop_at_end = !wait;
  tail.target_failed = target_failed;
  tail.applied = [&](const TailBatch& batch) {
    *after = batch.up_to;
    Advance(batch.up_to);
    return true;
  };
  const Status carried = CarryTail(stores, wait ? context.WithTimeout(kCallTime) : context, tail);
  if (carried.code() != Code::kFailedPrecondition) return carried;
  // Another instance of this mirror, which is taking over or being replaced, may have been faster.
  bool there = false;
  for (int asked = 0; asked < kMostAsked && !there; ++asked) {
    STRATA_ASSIGN_OR_RETURN(there, storage::replica::HasTail(stores, context, *after));
  }
  if (!there) return carried;
  v1::DescribeResponse described;
  STRATA_RETURN_IF_ERROR(secondary_->Describe(context, {}, &described));
  *after = described.last_version();
  Advance(*after);
  return OkStatus();
}

Status Replicator::FillSecondary(const Context& context, Cursor cursor) {
  {
    base::MutexLock lock(mutex_);
    state_.filling = true;
    state_.attached = false;
    state_.reason = "it is being filled";
    changed_.NotifyAll();
  }
  host_.Info("hosting_mirror.fill_secondary", {{"rows_done", cursor.rows}});
  const Status filled = Fill({primary_, secondary_}, context, {}, &cursor);
  if (filled.ok()) {
    host_.Info("hosting_mirror.filled_secondary",
               {{"rows", cursor.rows}, {"bytes", cursor.bytes}, {"version", cursor.tail}});
  }
  base::MutexLock lock(mutex_);
  state_.filling = false;
  return filled;
}

Status Replicator::FillPrimary(const Context& context, Cursor cursor) {
  const std::string other = cursor.other;
  host_.Warning("hosting_mirror.fill_primary", {{"rows_done", cursor.rows}});
  STRATA_RETURN_IF_ERROR(Fill({secondary_, primary_}, context, {}, &cursor));
  std::vector<v1::IngestRequest> messages(1);
  messages[0].set_cursor(other);
  STRATA_RETURN_IF_ERROR(IngestAll(*primary_, context, &messages));
  STRATA_RETURN_IF_ERROR(Mark(context, Cursor::Phase::kFollowing));
  host_.Info("hosting_mirror.filled_primary", {{"rows", cursor.rows}, {"version", cursor.tail}});
  return OkStatus();
}

void Replicator::Advance(std::uint64_t version) {
  base::MutexLock lock(mutex_);
  state_.version = version;
  changed_.NotifyAll();
}

void Replicator::SetAttached() {
  attached_gauge_.Record(1);
  base::MutexLock lock(mutex_);
  if (!state_.attached) host_.Info("hosting_mirror.attached", {{"version", state_.version}});
  state_.attached = true;
  state_.reason.clear();
  changed_.NotifyAll();
}

void Replicator::Detach(const Status& why) {
  attached_gauge_.Record(0);
  base::MutexLock lock(mutex_);
  if (state_.attached || state_.detached_times == 0) {
    host_.Error("hosting_mirror.secondary_lost",
                {{"why", why.ToString()}, {"version", state_.version}});
    lost_counter_.Increment();
    ++state_.detached_times;
  }
  state_.attached = false;
  state_.reason = why.ToString();
  changed_.NotifyAll();
}

}  // namespace strata::plugins::hosting_mirror
