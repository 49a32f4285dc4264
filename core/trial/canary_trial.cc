#include "core/trial/canary_trial.h"

#include <chrono>
#include <utility>

#include "core/host/change/changes.h"
#include "core/host/stack_state.h"
#include "core/trial/patient.h"

namespace strata::trial {
namespace {

namespace v1 = core::v1;

using std::chrono::steady_clock;
using v1::Change;

constexpr std::chrono::milliseconds kPoll{100};

host::CanaryOrder OrderOf(host::Stack& live, const v1::StartTrialRequest& request) {
  host::CanaryOrder out;
  out.bounds = live.state().config.canary.Over(live.state().options.probation);
  out.percent = request.canary_percent();
  out.finder = MakePatientFinder();
  const v1::CanaryBounds& bounds = request.bounds();
  if (bounds.more_errors() > 0) out.bounds.more_errors = bounds.more_errors();
  if (bounds.slower() > 0) out.bounds.slower = bounds.slower();
  if (bounds.least_calls() > 0) out.bounds.least_calls = bounds.least_calls();
  return out;
}

v1::Trial::State StateOf(Change::State state) {
  switch (state) {
    case Change::STATE_RUNNING:
      return v1::Trial::STATE_PREPARING;
    case Change::STATE_PROBATION:
      return v1::Trial::STATE_RUNNING;
    case Change::STATE_ROLLED_BACK:
      return v1::Trial::STATE_WITHDRAWN;
    case Change::STATE_FAILED:
      return v1::Trial::STATE_FAILED;
    default:
      return v1::Trial::STATE_ENDED;
  }
}

void FillStats(const host::SlotStats& stats, v1::CallStats* to) {
  const host::SlotStats::Snapshot calls = stats.Read();
  const base::Histogram::Snapshot latency = stats.Latency();
  to->set_calls(calls.ended);
  to->set_errors(calls.failed);
  to->set_p50_us(latency.Quantile(0.5) * 1e6);
  to->set_p99_us(latency.Quantile(0.99) * 1e6);
}

Result<v1::ChangeResponse> Order(host::Stack& live, const v1::StartTrialRequest& request,
                                 const host::CanaryOrder& order) {
  v1::SwapRequest swap;
  swap.set_slot(request.slot());
  swap.set_package(request.package());
  swap.set_config_json(request.config_json());
  swap.set_isolation(request.isolation());
  swap.set_plan_only(request.plan_only());
  return live.state().changes->StartCanary(
      swap, order, std::int64_t{request.duration_s()} * 1'000'000, "operator");
}

}  // namespace

Result<v1::Plan> CanaryTrial::Plan(host::Stack& live, const v1::StartTrialRequest& request) {
  STRATA_ASSIGN_OR_RETURN(v1::ChangeResponse response,
                          Order(live, request, OrderOf(live, request)));
  return std::move(*response.mutable_plan());
}

CanaryTrial::CanaryTrial(host::Stack& live, std::string id, v1::StartTrialRequest request)
    : live_(live),
      id_(std::move(id)),
      request_(std::move(request)),
      order_(OrderOf(live, request_)) {}

Status CanaryTrial::Begin() {
  host::Changes& changes = *live_.state().changes;
  const auto begun = Order(live_, request_, order_);
  {
    const base::MutexLock lock(mutex_);
    refused_ = !begun.ok();
    reason_ = begun.status().message();
    if (refused_) return begun.status();
    change_ = begun->change().id();
  }
  // Until it serves, or could not be brought up; that takes the slot's start timeout at the most.
  std::uint64_t seen = 0;
  Result<Change> change = begun->change();
  while (change.ok() && change->state() == Change::STATE_RUNNING) {
    change = changes.history().Next(begun->change().id(), &seen, steady_clock::now() + kPoll);
  }
  return OkStatus();
}

std::string CanaryTrial::change_id() const {
  const base::MutexLock lock(mutex_);
  return change_;
}

Result<Change> CanaryTrial::Find() const {
  return live_.state().changes->history().Get(change_id());
}

void CanaryTrial::End(std::string reason) {
  if (ended()) return;
  {
    const base::MutexLock lock(mutex_);
    reason_ = std::move(reason);
  }
  static_cast<void>(live_.state().changes->End(change_id()));
}

bool CanaryTrial::ended() const {
  {
    const base::MutexLock lock(mutex_);
    if (change_.empty()) return refused_;
  }
  const Result<Change> change = Find();
  return !change.ok() || host::ChangeHistory::Ended(*change);
}

bool CanaryTrial::WaitEnded(steady_clock::time_point until,
                            const std::function<bool()>& cancelled) const {
  std::uint64_t seen = 0;
  while (!ended()) {
    const auto now = steady_clock::now();
    if (cancelled() || now >= until) return false;
    static_cast<void>(
        live_.state().changes->history().Next(change_id(), &seen, std::min(until, now + kPoll)));
  }
  return true;
}

void CanaryTrial::Fill(v1::Trial* out) const {
  out->set_id(id_);
  out->set_slot(request_.slot());
  out->set_canary_percent(request_.canary_percent());
  FillStats(*order_.candidate, out->mutable_candidate_calls());
  FillStats(*order_.control, out->mutable_live_calls());
  const Result<Change> change = Find();
  const base::MutexLock lock(mutex_);
  out->set_state(refused_ ? v1::Trial::STATE_FAILED : v1::Trial::STATE_PREPARING);
  out->set_reason(reason_);
  if (!change.ok()) return;
  out->set_state(StateOf(change->state()));
  out->set_change(change->id());
  out->set_started_us(change->started_us());
  out->set_ended_us(change->finished_us());
  if (change->slots_size() > 0) {
    *out->mutable_live() = change->slots(0).from();
    *out->mutable_candidate() = change->slots(0).to();
  }
  if (reason_.empty()) out->set_reason(change->reason());
}

}  // namespace strata::trial
