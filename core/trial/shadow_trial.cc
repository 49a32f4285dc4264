#include "core/trial/shadow_trial.h"

#include <pthread.h>

#include <utility>

#include "core/host/stack_state.h"
#include "core/trial/feed.h"
#include "core/trial/live_slot.h"
#include "core/trial/replayer.h"
#include "strata/core/v1/core.pb.h"

namespace strata::trial {
namespace {

namespace v1 = core::v1;

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll{100};

v1::Trial::State ToWire(TrialState state) {
  switch (state) {
    case TrialState::kPreparing:
      return v1::Trial::STATE_PREPARING;
    case TrialState::kRunning:
      return v1::Trial::STATE_RUNNING;
    case TrialState::kEnded:
      return v1::Trial::STATE_ENDED;
    case TrialState::kFailed:
      return v1::Trial::STATE_FAILED;
  }
  return v1::Trial::STATE_UNSPECIFIED;
}

void FillOccupant(const host::SlotReport& from, v1::Occupant* to) {
  to->set_plugin(from.plugin);
  to->set_version(from.version);
  to->set_digest(from.digest);
  to->set_package(from.package_dir);
}

host::SlotReport ReportOf(const host::Stack& stack, const std::string& slot) {
  for (host::SlotReport& report : stack.Report().slots) {
    if (report.name == slot) return std::move(report);
  }
  return {};
}

bool Provides(const host::SlotReport& report, std::string_view service) {
  for (const std::string& provided : report.provides) {
    if (provided == service) return true;
  }
  return false;
}

}  // namespace

ShadowTrial::ShadowTrial(host::Stack& live, Spec spec) : live_(live), spec_(std::move(spec)) {}

ShadowTrial::~ShadowTrial() {
  End("the stack stops");
  if (thread_.joinable()) thread_.join();
}

Status ShadowTrial::Begin() {
  const std::string& slot = spec_.candidate.slot;
  const host::SlotReport live_report = ReportOf(live_, slot);
  {
    const base::MutexLock lock(mutex_);
    started_us_ = live_.state().clock.WallUs();
    live_report_ = live_report;
  }
  auto side = SideStack::Start(live_, spec_.candidate, spec_.id);
  const std::optional<LiveSlot> live_slot = FindLiveSlot(live_, slot);
  const Status begun = side.ok() && !live_slot ? NotFound("the live slot has gone") : side.status();
  if (!begun.ok()) {
    Show(TrialState::kFailed, begun.message());
    return begun;
  }
  side_ = *std::move(side);
  const host::SlotReport side_report = side_->Report();
  const FeedEnds ends{live_, slot, side_->stack(), side_->slot(), stop_};
  if (Provides(live_report, "strata.data.v1.Data")) feed_ = MakeDataFeed(ends);
  if (Provides(live_report, "strata.hosting.v1.Hosting")) feed_ = MakeHostingFeed(ends);
  compare_ = std::make_unique<MessageCompare>(live_.DescriptorSets());
  TapTarget target{live_slot->number, side_->linked(), spec_.shadow_percent / 100};
  if (feed_ != nullptr) target.written.insert(target.slot);
  auto tap = std::make_unique<ShadowTap>(std::move(target), queue_);
  thread_ = std::thread([this, tap = tap.get()] {
    pthread_setname_np(pthread_self(), "strata-trial");
    Run(*tap);
  });
  const base::MutexLock lock(mutex_);
  candidate_report_ = side_report;
  tap_ = std::move(tap);
  return OkStatus();
}

void ShadowTrial::Run(ShadowTap& tap) {
  // Before anything is copied: every write that the copy may lack is counted.
  live_.state().router.set_tap(&tap);
  Status status = Prepare();
  if (status.ok()) status = Replay(tap.writes());
  live_.state().router.set_tap(nullptr);
  Finish(status);
}

Status ShadowTrial::Prepare() {
  if (feed_ != nullptr) {
    const Status filled = feed_->Fill();
    if (!filled.ok()) {
      return Status(filled.code(), "the live data could not be copied: " + filled.message());
    }
  }
  // What came meanwhile is older than the candidate's data.
  while (queue_.Pop(steady_clock::now())) report_.Skipped();
  Show(TrialState::kRunning, "");
  return OkStatus();
}

Status ShadowTrial::Replay(WriteLog& writes) {
  Replayer replayer(*side_, feed_.get(), writes, *compare_, report_);
  const auto until = spec_.duration.count() == 0 ? steady_clock::time_point::max()
                                                 : steady_clock::now() + spec_.duration;
  while (!stop_.load() && steady_clock::now() < until) {
    const auto copy = queue_.Pop(std::min(until, steady_clock::now() + kPoll));
    const Status taken = copy ? replayer.Take(*copy) : OkStatus();
    if (!taken.ok()) {
      return Status(taken.code(), "the copy can no longer be kept equal: " + taken.message());
    }
  }
  return OkStatus();
}

void ShadowTrial::Finish(const Status& ran) {
  queue_.Close();
  const Status down = side_->Stop();
  stuck_.store(!down.ok());
  if (down.ok()) side_.reset();
  TrialState state = TrialState::kEnded;
  std::string reason;
  {
    const base::MutexLock lock(mutex_);
    reason = reason_;
  }
  if (!ran.ok() && !stop_.load()) {
    state = TrialState::kFailed;
    reason = ran.message();
  }
  if (!down.ok()) reason += (reason.empty() ? "" : "; ") + down.message();
  Show(state, std::move(reason));
}

void ShadowTrial::Show(TrialState state, std::string reason) {
  const bool over = state != TrialState::kPreparing && state != TrialState::kRunning;
  live_.state().log.Info(over ? "trial.ended" : "trial.running",
                         {{"trial", spec_.id},
                          {"slot", spec_.candidate.slot},
                          {"state", v1::Trial::State_Name(ToWire(state))},
                          {"reason", reason}});
  {
    const base::MutexLock lock(mutex_);
    state_ = state;
    if (over) ended_us_ = live_.state().clock.WallUs();
    if (!reason.empty()) reason_ = std::move(reason);
  }
  changed_.NotifyAll();
}

void ShadowTrial::End(std::string reason) {
  {
    const base::MutexLock lock(mutex_);
    if (stop_.exchange(true)) return;
    if (reason_.empty()) reason_ = std::move(reason);
  }
  queue_.Close();
}

bool ShadowTrial::ended() const {
  const base::MutexLock lock(mutex_);
  return state_ != TrialState::kPreparing && state_ != TrialState::kRunning;
}

bool ShadowTrial::WaitEnded(steady_clock::time_point until,
                            const std::function<bool()>& cancelled) const {
  while (!ended()) {
    if (cancelled() || steady_clock::now() >= until) return false;
    const base::MutexLock lock(mutex_);
    if (state_ != TrialState::kPreparing && state_ != TrialState::kRunning) break;
    changed_.WaitUntil(mutex_, std::min(until, steady_clock::now() + kPoll));
  }
  return true;
}

void ShadowTrial::Fill(v1::Trial* out) const {
  out->set_id(spec_.id);
  out->set_slot(spec_.candidate.slot);
  out->set_shadow_percent(spec_.shadow_percent);
  const base::MutexLock lock(mutex_);
  FillOccupant(live_report_, out->mutable_live());
  FillOccupant(candidate_report_, out->mutable_candidate());
  if (tap_ != nullptr) out->set_skipped(tap_->left_out());
  report_.Fill(out);
  out->set_state(ToWire(state_));
  out->set_reason(reason_);
  out->set_started_us(started_us_);
  out->set_ended_us(ended_us_);
}

}  // namespace strata::trial
