// Changes: those that have switched and are compared with what was before.

#include <algorithm>
#include <utility>

#include "core/host/change/changes.h"
#include "core/host/change/requests.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
using v1::Change;

bool Touches(const std::vector<v1::SlotChange>& changes, const ChangePlan& plan) {
  return std::any_of(changes.begin(), changes.end(), [&](const v1::SlotChange& change) {
    return std::any_of(plan.steps.begin(), plan.steps.end(),
                       [&](const PlannedStep& step) { return step.slot == change.slot(); });
  });
}

}  // namespace

void Changes::StartProbation(const Job& job, const ChangeRunner& runner, std::int64_t until_us) {
  OnProbation& change = probations_.emplace_back();
  change.id = job.id;
  change.until_us = state_.clock.MonotonicUs() + job.order.probation_us;
  change.before = runner.plan().from;
  for (const v1::SlotChange& part : runner.plan().shown.slots()) change.changes.push_back(part);
  for (const PlannedStep& step : runner.plan().steps) {
    const Slot* const slot = runner.layout().Find(step.slot);
    if (slot == nullptr) continue;
    const Slot* const then = change.before->Find(step.slot);
    std::shared_ptr<const SlotStats::StatsMark> baseline;
    if (then != nullptr && then->instance != nullptr) {
      baseline = then->served_before == nullptr
                     ? slot->served_before
                     : std::make_shared<const SlotStats::StatsMark>(
                           slot->served_before->Since(*then->served_before));
    }
    change.slots.push_back(std::make_unique<Probation>(
        slot->instance, baseline, state_.config.probation.Over(state_.options.probation)));
    change.slots.back()->WatchProcess(state_.options.isolation,
                                      step.mode == v1::SWAP_MODE_TRANSFER);
  }
  ShowProbation(change, until_us);
}

void Changes::ShowProbation(const OnProbation& change, std::int64_t until_us) {
  if (change.canary != nullptr) return;  // What serves the slot is not on probation.
  Layout layout = *state_.layout();
  for (const v1::SlotChange& part : change.changes) {
    if (Slot* const slot = layout.Find(part.slot()); slot != nullptr) {
      slot->probation_until_us = until_us;
    }
  }
  state_.Show(layout);
}

void Changes::CheckProbations() {
  std::vector<std::string> to_end;
  {
    const base::MutexLock lock(mutex_);
    to_end.swap(end_probation_);
  }
  for (OnProbation& change : probations_) {
    if (std::find(to_end.begin(), to_end.end(), change.id) != to_end.end()) {
      EndProbation(&change, Change::STATE_DONE,
                   change.canary != nullptr ? "it was ended" : "the probation was ended");
    } else if (change.taken_back_by.empty()) {
      for (const auto& slot : change.slots) {
        const std::string why = slot->Check();
        if (change.breach.empty() && !why.empty()) {
          change.breach = "slot " + std::string(slot->instance().slot()) + ": " + why;
        }
      }
      if (!change.breach.empty()) {
        TakeBack(&change);
      } else if (state_.clock.MonotonicUs() >= change.until_us) {
        EndProbation(&change, Change::STATE_DONE, "");
      }
    }
  }
  std::erase_if(probations_, [](const OnProbation& change) { return change.over; });
  Announce();
}

void Changes::TakeBack(OnProbation* change) {
  state_.log.Warning("change.breach", {{"change", change->id}, {"reason", change->breach}});
  if (change->canary != nullptr) {
    return EndProbation(change, Change::STATE_ROLLED_BACK, change->breach);
  }
  Order order;
  order.kind = Change::KIND_ROLLBACK;
  order.who = "core";
  order.reason = "takes " + change->id + " back: " + change->breach;
  const auto begun = Begin(order, [&](const Layout& layout) -> Result<Wanted> {
    return WantedBefore(layout, *change->before, change->changes);
  });
  if (begun.ok()) {
    change->taken_back_by = begun->change().id();
  } else if (begun.status().code() != Code::kAborted) {  // Else: at the next look.
    EndProbation(change, Change::STATE_DONE,
                 change->breach + "; it could not be taken back: " + begun.status().message());
  }
}

void Changes::EndProbation(OnProbation* change, Change::State state, const std::string& why) {
  change->over = true;
  ShowProbation(*change, 0);
  if (change->canary != nullptr) {
    RemoveCanary(*change);
  } else if (state == Change::STATE_DONE && change->breach.empty()) {
    kept_.Confirm(change->id);
    static_cast<void>(kept_.Save());
  }
  announcements_.push_back([this, id = change->id, state, why] {
    history_.Update(
        id,
        [&](Change* c) {
          c->set_state(state);
          if (!why.empty()) c->set_reason(c->reason().empty() ? why : c->reason() + "; " + why);
          c->set_finished_us(state_.clock.WallUs());
        },
        /*record=*/true);
    state_.log.Info("change.ended",
                    {{"change", id}, {"state", Change::State_Name(state)}, {"reason", why}});
  });
}

void Changes::Announce() {
  for (const auto& announcement : std::exchange(announcements_, {})) announcement();
}

void Changes::Supersede(const Job& job, const ChangePlan& plan) {
  for (OnProbation& change : probations_) {
    if (!Touches(change.changes, plan)) continue;
    const bool back = job.order.kind == Change::KIND_ROLLBACK;
    const std::string by = job.id + " (" + job.order.who + ")";
    const bool taken_back = back && change.canary == nullptr;
    const std::string why = !change.breach.empty() ? change.breach
                            : taken_back           ? "taken back by " + by
                                                   : "followed by " + by;
    EndProbation(&change, taken_back ? Change::STATE_ROLLED_BACK : Change::STATE_DONE, why);
  }
  std::erase_if(probations_, [](const OnProbation& change) { return change.over; });
}

}  // namespace strata::host
