#include "core/trial/trials.h"

#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/host/stack_state.h"
#include "core/trial/canary_trial.h"
#include "core/trial/shadow_trial.h"
#include "core/trial/side_stack.h"
#include "strata/core/v1/core.pb.h"

namespace strata::trial {
namespace {

namespace v1 = core::v1;

bool IsShare(double percent) { return percent >= 0 && percent <= 100; }

class AllTrials final : public host::Trials {
 public:
  explicit AllTrials(host::Stack& live) : live_(live) {}

  Status Start(const v1::StartTrialRequest& request, v1::Trial* out) override {
    STRATA_RETURN_IF_ERROR(Check(request));
    if (request.plan_only()) return Plan(request, out);
    STRATA_ASSIGN_OR_RETURN(Trial* const trial, Add(request));
    const Status begun = trial->Begin();
    // What was refused before any of its code ran is the caller's mistake; the rest is a result.
    const bool refused = begun.code() == Code::kFailedPrecondition ||
                         begun.code() == Code::kNotFound ||
                         begun.code() == Code::kInvalidArgument || begun.code() == Code::kAborted;
    if (refused) {
      Remove(trial);
      return begun;
    }
    trial->Fill(out);
    return OkStatus();
  }

  Status Get(const std::string& id, v1::Trial* out) const override {
    STRATA_ASSIGN_OR_RETURN(const Trial* const trial, Find(id));
    trial->Fill(out);
    return OkStatus();
  }

  Status Wait(const std::string& id, std::chrono::steady_clock::time_point until,
              const std::function<bool()>& cancelled, v1::Trial* out) const override {
    STRATA_ASSIGN_OR_RETURN(const Trial* const trial, Find(id));
    static_cast<void>(trial->WaitEnded(until, cancelled));
    trial->Fill(out);
    return OkStatus();
  }

  Status End(const std::string& id, v1::Trial* out) override {
    STRATA_ASSIGN_OR_RETURN(Trial* const trial, Find(id));
    trial->End("");
    static_cast<void>(
        trial->WaitEnded(std::chrono::steady_clock::time_point::max(), [] { return false; }));
    trial->Fill(out);
    return OkStatus();
  }

  void List(v1::ListTrialsResponse* out) const override {
    const base::MutexLock lock(mutex_);
    for (auto trial = trials_.rbegin(); trial != trials_.rend(); ++trial) {
      (*trial)->Fill(out->add_trials());
    }
  }

  Status Stop() override {
    std::vector<Trial*> all;
    {
      const base::MutexLock lock(mutex_);
      stopped_ = true;
      for (const auto& trial : trials_) all.push_back(trial.get());
    }
    bool stuck = false;
    for (Trial* const trial : all) {
      trial->End("the stack stops");
      static_cast<void>(
          trial->WaitEnded(std::chrono::steady_clock::time_point::max(), [] { return false; }));
      stuck = stuck || trial->stuck();
    }
    return stuck ? DeadlineExceeded("a candidate on trial did not let go") : OkStatus();
  }

 private:
  static Status Check(const v1::StartTrialRequest& request) {
    if (!IsShare(request.shadow_percent()) || !IsShare(request.canary_percent())) {
      return InvalidArgument("a share is a percentage from 0 to 100");
    }
    if (request.shadow_percent() == 0 && request.canary_percent() == 0) {
      return InvalidArgument("a trial needs a share of the reads (shadow) or requests (canary)");
    }
    if (request.shadow_percent() > 0 && request.canary_percent() > 0) {
      return InvalidArgument(
          "a trial is a shadow or a canary, not both: the one compares answers, the other gives "
          "them");
    }
    if (request.slot().empty()) return InvalidArgument("a trial needs a slot");
    if (request.package().empty()) return InvalidArgument("a trial needs a package");
    return request.canary_percent() > 0 ? CheckCanary(request) : CheckShadow(request);
  }

  static Status CheckShadow(const v1::StartTrialRequest& request) {
    if (!request.isolation().empty() || request.has_bounds()) {
      return InvalidArgument("isolation and bounds are a canary's");
    }
    return OkStatus();
  }

  static Status CheckCanary(const v1::StartTrialRequest& request) {
    if (!request.scratch_package().empty()) {
      return InvalidArgument(
          "a canary has no scratch store: what it writes goes to the live records");
    }
    const v1::CanaryBounds& bounds = request.bounds();
    if (!(bounds.more_errors() >= 0 && bounds.more_errors() <= 1)) {
      return InvalidArgument("bounds: more_errors is a share from 0 to 1");
    }
    if (bounds.slower() != 0 && !(bounds.slower() >= 1)) {
      return InvalidArgument("bounds: slower is a factor of at least 1");
    }
    return OkStatus();
  }

  static CandidateSpec SpecOf(const v1::StartTrialRequest& request) {
    return {request.slot(), request.package(), request.config_json(), request.scratch_package()};
  }

  Status Plan(const v1::StartTrialRequest& request, v1::Trial* out) {
    {
      const base::MutexLock lock(mutex_);
      STRATA_RETURN_IF_ERROR(CheckFree());
    }
    STRATA_ASSIGN_OR_RETURN(*out->mutable_plan(), request.canary_percent() > 0
                                                      ? CanaryTrial::Plan(live_, request)
                                                      : SideStack::Plan(live_, SpecOf(request)));
    out->set_slot(request.slot());
    out->set_shadow_percent(request.shadow_percent());
    out->set_canary_percent(request.canary_percent());
    *out->mutable_live() = out->plan().slots(0).from();
    *out->mutable_candidate() = out->plan().slots(0).to();
    return OkStatus();
  }

  Status CheckFree() const STRATA_REQUIRES(mutex_) {
    if (stopped_) return Unavailable("the stack is stopping");
    for (const auto& trial : trials_) {
      if (!trial->ended())
        return AlreadyExists("trial " + trial->id() + " runs; end that one first");
    }
    return OkStatus();
  }

  Result<Trial*> Add(const v1::StartTrialRequest& request) {
    const base::MutexLock lock(mutex_);
    STRATA_RETURN_IF_ERROR(CheckFree());
    const std::string id = "trial-" + std::to_string(++last_);
    if (request.canary_percent() > 0) {
      trials_.push_back(std::make_unique<CanaryTrial>(live_, id, request));
      return trials_.back().get();
    }
    ShadowTrial::Spec spec;
    spec.id = id;
    spec.candidate = SpecOf(request);
    spec.shadow_percent = request.shadow_percent();
    spec.duration = std::chrono::seconds(request.duration_s());
    trials_.push_back(std::make_unique<ShadowTrial>(live_, std::move(spec)));
    return trials_.back().get();
  }

  void Remove(const Trial* trial) {
    const base::MutexLock lock(mutex_);
    std::erase_if(trials_, [&](const auto& one) { return one.get() == trial; });
  }

  Result<Trial*> Find(const std::string& id) const {
    const base::MutexLock lock(mutex_);
    for (const auto& trial : trials_) {
      if (trial->id() == id) return trial.get();
    }
    return NotFound("no trial \"" + id + "\" since this core started");
  }

  host::Stack& live_;
  mutable base::Mutex mutex_;
  std::vector<std::unique_ptr<Trial>> trials_ STRATA_GUARDED_BY(mutex_);
  std::uint64_t last_ STRATA_GUARDED_BY(mutex_) = 0;
  bool stopped_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<host::Trials> MakeTrials(host::Stack& live) {
  return std::make_unique<AllTrials>(live);
}

}  // namespace strata::trial
