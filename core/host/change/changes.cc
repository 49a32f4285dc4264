#include "core/host/change/changes.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "core/host/change/requests.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
using v1::Change;

constexpr std::chrono::milliseconds kProbation = std::chrono::minutes(10);
constexpr std::size_t kMaxRequestId = 64;
constexpr std::chrono::milliseconds kLookAgain{500};

template <typename Request>
std::int64_t ProbationUs(const StackConfig& config, const Request& request) {
  if (request.has_probation_s()) return std::int64_t{request.probation_s()} * 1'000'000;
  return std::chrono::microseconds(config.probation.duration.value_or(kProbation)).count();
}

}  // namespace

// The right to plan and carry out a change; given back unless a job has taken it over.
class Changes::Claim {
 public:
  explicit Claim(Changes& changes) : changes_(changes) {}
  ~Claim() {
    if (!held_) return;
    const base::MutexLock lock(changes_.mutex_);
    changes_.claimed_ = false;
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  Status Take() {
    const base::MutexLock lock(changes_.mutex_);
    if (!changes_.started_ || changes_.stopping_) {
      return Unavailable("the stack is starting or stopping");
    }
    if (changes_.claimed_) {
      const std::string& id = changes_.running_;
      return Aborted(id.empty() ? "another change is being planned; try again"
                                : "change " + id + " is running; wait for it and try again");
    }
    changes_.claimed_ = held_ = true;
    return OkStatus();
  }
  void HandOver() { held_ = false; }

 private:
  Changes& changes_;
  bool held_ = false;
};

Changes::Changes(StackState& state)
    : state_(state),
      history_(state.DataDir() + "/changes", state.clock, state.log),
      kept_(state.DataDir() + "/changes", state.log) {
  RecoverHistory();
}

Changes::~Changes() = default;

// Changes that the end of an earlier core has cut off; a migration goes on (ResumeFormat).
void Changes::RecoverHistory() {
  for (const Change& change : history_.Unfinished()) {
    if (state_.formats.FindChange(change.id())) continue;
    const bool on_probation = change.state() == Change::STATE_PROBATION;
    const bool kept = kept_.WasMadeBy(change.id());
    history_.Update(
        change.id(),
        [&](Change* c) {
          c->set_state(kept           ? Change::STATE_DONE
                       : on_probation ? Change::STATE_ROLLED_BACK
                                      : Change::STATE_FAILED);
          c->set_reason(on_probation ? "the core ended while it was on probation"
                        : kept       ? "the core ended when it had just cut over"
                                     : "the core ended before it was done");
          c->set_finished_us(state_.clock.WallUs());
        },
        /*record=*/true);
  }
}

void Changes::Start(std::shared_ptr<StackState> state) {
  shared_ = std::move(state);
  if (kept_.ForgetFormats()) static_cast<void>(kept_.Save());  // The start has recorded them.
  ResumeFormat();
  {
    const base::MutexLock lock(mutex_);
    started_ = true;
  }
  GoOnCopying();
  retire_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-retire");
    RetireLoop();
  });
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-change");
    Run();
  });
}

void Changes::Stop() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
  {
    const base::MutexLock lock(mutex_);
    retire_stopping_ = true;
  }
  old_changed_.NotifyAll();
  if (retire_thread_.joinable()) retire_thread_.join();
  shared_ = nullptr;
}

bool Changes::Stopping() const {
  const base::MutexLock lock(mutex_);
  return stopping_;
}

// ---- requests ----------------------------------------------------------------------------------

Result<v1::ChangeResponse> Changes::Swap(const v1::SwapRequest& request, const std::string& who) {
  const Order order{Change::KIND_SWAP,
                    who,
                    request.request_id(),
                    request.plan_only(),
                    ProbationUs(state_.config, request),
                    ""};
  return Begin(order, [&](const Layout& layout) { return WantedBySwap(state_, layout, request); });
}

Result<v1::ChangeResponse> Changes::Rollback(const v1::RollbackRequest& request,
                                             const std::string& who) {
  const Order order{Change::KIND_ROLLBACK, who, request.request_id(), request.plan_only(), 0, ""};
  return Begin(order, [&](const Layout& layout) { return WantedByRollback(layout, request); });
}

Result<v1::ChangeResponse> Changes::Apply(const v1::ApplyRequest& request, const std::string& who) {
  const Order order{Change::KIND_APPLY,
                    who,
                    request.request_id(),
                    request.plan_only(),
                    ProbationUs(state_.config, request),
                    ""};
  std::vector<std::string> warnings;
  auto response =
      Begin(order, [&](const Layout&) { return WantedByApply(state_, request, &warnings); });
  if (!response.ok()) return response;
  for (const std::string& warning : warnings) response->mutable_plan()->add_warnings(warning);
  return response;
}

Result<v1::ChangeResponse> Changes::Begin(
    const Order& order, const std::function<Result<Wanted>(const Layout&)>& wanted) {
  return BeginPlanned(order, [&](const Layout& layout) -> Result<Job> {
    STRATA_ASSIGN_OR_RETURN(const Wanted slots, wanted(layout));
    STRATA_ASSIGN_OR_RETURN(ChangePlan plan, PlanChange(state_, slots));
    if (order.canary) plan.shown.mutable_slots(0)->set_action(v1::SlotChange::ACTION_CANARY);
    return Job{"", order, std::move(plan), std::nullopt};
  });
}

Result<v1::ChangeResponse> Changes::BeginPlanned(
    const Order& order, const std::function<Result<Job>(const Layout&)>& planned) {
  v1::ChangeResponse response;
  if (order.request_id.size() > kMaxRequestId) {
    return InvalidArgument("request_id: at most 64 bytes");
  }
  if (!order.request_id.empty() && !order.plan_only) {
    if (const auto known = history_.FindRequest(order.request_id); known.ok()) {
      if (known->kind() != order.kind) {
        return AlreadyExists("that request_id was used for change " + known->id());
      }
      *response.mutable_plan()->mutable_slots() = known->slots();
      *response.mutable_change() = *known;
      return response;
    }
  }
  Claim claim(*this);
  STRATA_RETURN_IF_ERROR(claim.Take());
  const std::shared_ptr<const Layout> layout = state_.layout();
  STRATA_ASSIGN_OR_RETURN(Job job, planned(*layout));
  const v1::Plan& shown = job.plan.shown;
  *response.mutable_plan() = shown;
  if (order.plan_only || (job.plan.steps.empty() && !job.format)) return response;
  Change change;
  change.set_kind(order.kind);
  change.set_state(Change::STATE_RUNNING);
  change.set_who(order.who);
  change.set_reason(order.reason);
  *change.mutable_slots() = shown.slots();
  *response.mutable_change() = history_.Add(std::move(change), order.request_id);
  job.id = response.change().id();
  {
    const base::MutexLock lock(mutex_);
    running_ = job.id;
    end_running_ = false;
    job_.emplace(std::move(job));
  }
  claim.HandOver();
  changed_.NotifyAll();
  return response;
}

Result<Change> Changes::End(const std::string& id) {
  STRATA_ASSIGN_OR_RETURN(const Change change, history_.Get(id));
  if (ChangeHistory::Ended(change)) return change;
  {
    const base::MutexLock lock(mutex_);
    if (running_ == id) {
      end_running_ = true;
    } else {
      end_probation_.push_back(id);
    }
  }
  changed_.NotifyAll();
  return history_.Get(id);
}

// ---- the control thread ------------------------------------------------------------------------

void Changes::Run() {
  while (true) {
    std::optional<Job> job;
    {
      const base::MutexLock lock(mutex_);
      const auto tick = std::chrono::steady_clock::now() + state_.options.probation_interval;
      while (!job_ && !stopping_ && end_probation_.empty()) {
        if (probations_.empty()) {
          changed_.Wait(mutex_);
        } else if (!changed_.WaitUntil(mutex_, tick)) {
          break;
        }
      }
      job.swap(job_);
      if (stopping_ && !job) break;
    }
    if (job && job->format) {
      RunFormat(*job);
    } else if (job) {
      RunJob(*std::move(job));
    }
    CheckProbations();
  }
  for (OnProbation& change : probations_) {
    EndProbation(&change, Change::STATE_DONE, "the stack was stopped during the probation");
  }
  probations_.clear();
  Announce();
}

void Changes::RunJob(Job job) {
  ChangeMonitor monitor;
  monitor.step = [&](std::string_view step) {
    history_.Update(job.id, [&](Change* c) { c->set_step(std::string(step)); });
  };
  monitor.ended = [&] {
    const base::MutexLock lock(mutex_);
    return end_running_ || stopping_;
  };
  monitor.progress = [&](const v1::Progress& progress) {
    history_.Update(job.id, [&](Change* c) { *c->mutable_progress() = progress; });
    return !monitor.ended();
  };
  state_.log.Info("change.started", {{"change", job.id}, {"who", job.order.who}});
  KeepCopying(job, job.plan);
  std::optional<ChangeRunner> runner;
  monitor.cut_over = [&] { return Keep(job, *runner, /*with_formats=*/true); };
  runner.emplace(shared_, std::move(job.plan), monitor, job.order.canary);
  ChangeOutcome outcome;
  const Status status = runner->Switch(&outcome);
  if (!status.ok()) return Fail(job, outcome, status);
  if (job.order.canary) return BeginCanary(job, *runner, outcome);
  runner->Drain(&outcome);
  Succeed(job, *runner, outcome);
}

void Changes::Fail(const Job& job, const ChangeOutcome& outcome, const Status& status) {
  state_.log.Warning(
      "change.failed",
      {{"change", job.id}, {"code", CodeName(status.code())}, {"reason", status.message()}});
  // Cut off by the end of the core, it goes on when the core is back.
  if (!Stopping() && kept_.ClearCopying()) static_cast<void>(kept_.Save());
  Release();
  history_.Update(
      job.id,
      [&](Change* c) {
        c->set_state(Change::STATE_FAILED);
        c->set_reason(status.message());
        c->set_finished_us(state_.clock.WallUs());
        c->set_pause_us(outcome.pause_us);
        c->clear_step();
      },
      /*record=*/true);
  for (OnProbation& change : probations_) {
    if (change.taken_back_by != job.id) continue;
    EndProbation(&change, Change::STATE_DONE,
                 change.breach + "; it could not be taken back: " + status.message());
  }
  std::erase_if(probations_, [](const OnProbation& change) { return change.over; });
  Announce();
}

// The next change may begin: called before anybody is told that this one has ended.
void Changes::Release() {
  const base::MutexLock lock(mutex_);
  running_.clear();
  claimed_ = false;
}

void Changes::Succeed(const Job& job, const ChangeRunner& runner, const ChangeOutcome& outcome) {
  Supersede(job, runner.plan());
  const bool probation = job.order.probation_us > 0;
  const std::int64_t until_us = state_.clock.WallUs() + job.order.probation_us;
  std::string reason = job.order.reason;
  if (outcome.abandoned > 0) {
    reason +=
        std::string(reason.empty() ? "" : "; ") + std::to_string(outcome.abandoned) +
        " requests did not end when they were told to; the plugin that they are in is kept until "
        "they do";
  }
  const bool known = LearnFormats(runner);
  static_cast<void>(Keep(job, runner, /*with_formats=*/!known));
  if (probation) StartProbation(job, runner, until_us);
  Retire(outcome.old, state_.table.AbandonedInFlight() > 0);
  Release();
  history_.Update(
      job.id,
      [&](Change* c) {
        c->set_state(probation ? Change::STATE_PROBATION : Change::STATE_DONE);
        *c->mutable_slots() = runner.plan().shown.slots();
        c->set_generation_before(outcome.generation_before);
        c->set_generation_after(outcome.generation_after);
        c->set_pause_us(outcome.pause_us);
        c->set_drained(outcome.drained);
        c->set_cancelled(outcome.cancelled);
        c->set_resumed(outcome.resumed);
        c->set_reason(reason);
        c->clear_step();
        if (probation) c->set_probation_until_us(until_us);
        if (!probation) c->set_finished_us(state_.clock.WallUs());
      },
      /*record=*/true);
  state_.log.Info("change.switched", {{"change", job.id},
                                      {"generation", outcome.generation_after},
                                      {"pause_us", outcome.pause_us},
                                      {"drained", outcome.drained},
                                      {"cancelled", outcome.cancelled}});
  Announce();
}

// ---- what was replaced -------------------------------------------------------------------------

void Changes::Retire(std::vector<std::shared_ptr<Instance>> old, bool calls_left) {
  {
    const base::MutexLock lock(mutex_);
    for (auto& instance : old) old_.push_back({std::move(instance), calls_left});
  }
  old_changed_.NotifyAll();
}

// What abandoned requests may still be in is kept until they have ended, or the stack stops.
void Changes::RetireLoop() {
  std::vector<Old> waiting;
  bool stopping = false;
  while (!stopping || !waiting.empty()) {
    {
      const base::MutexLock lock(mutex_);
      while (old_.empty() && !retire_stopping_) {
        if (waiting.empty()) {
          old_changed_.Wait(mutex_);
        } else if (!old_changed_.WaitFor(mutex_, kLookAgain)) {
          break;
        }
      }
      stopping = retire_stopping_ && old_.empty();
      for (Old& old : std::exchange(old_, {})) waiting.push_back(std::move(old));
    }
    const bool calls_left = state_.table.AbandonedInFlight() > 0;
    for (const Old& old : std::exchange(waiting, {})) {
      if (old.calls_left && calls_left && !stopping) {
        waiting.push_back(old);
      } else {
        static_cast<void>(RetireInstance(shared_, old.instance, old.calls_left && calls_left));
      }
    }
  }
}

}  // namespace strata::host
