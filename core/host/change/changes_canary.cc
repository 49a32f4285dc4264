// Changes: candidates that serve a share of the patients beside what serves the slot.

#include <limits>
#include <utility>

#include "core/abi/strata/plugin_extensions.h"
#include "core/host/canary.h"
#include "core/host/change/changes.h"
#include "core/host/change/requests.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
using v1::Change;

constexpr std::string_view kHosting = "hosting";

// Two of them work on the same data at the same time, for as long as it takes.
Status MayServeBeside(const Layout& layout, const std::string& name) {
  for (const Slot& slot : layout.slots) {
    if (slot.canary == nullptr) continue;
    return FailedPrecondition("slot \"" + slot.config.name +
                              "\" has a canary already; end that one first");
  }
  STRATA_ASSIGN_OR_RETURN(const Slot* const slot, FindSlot(layout, name));
  if (!slot->running()) return FailedPrecondition("slot \"" + name + "\" does not run");
  if (slot->manifest && slot->manifest->layer == kHosting) {
    return FailedPrecondition(
        "no canary in slot \"" + name +
        "\": it keeps records, and a record cannot be in two stores; compare the candidate by a "
        "shadow (--shadow), then change over with strata move or strata swap");
  }
  if (slot->instance->Extension(STRATA_EXT_HANDOVER) != nullptr) {
    return FailedPrecondition("no canary in slot \"" + name + "\": " + slot->manifest->id +
                              " must own its data alone (it offers " STRATA_EXT_HANDOVER
                              "); compare the candidate by a shadow (--shadow)");
  }
  if (slot->probation_until_us != 0) {
    return FailedPrecondition("slot \"" + name +
                              "\" is on probation after a change, which is not over yet: wait, or "
                              "end the probation (strata changes --end)");
  }
  return OkStatus();
}

}  // namespace

Result<v1::ChangeResponse> Changes::StartCanary(const v1::SwapRequest& request,
                                                const CanaryOrder& canary, std::int64_t duration_us,
                                                const std::string& who) {
  Order order;
  order.kind = Change::KIND_CANARY;
  order.who = who;
  order.plan_only = request.plan_only();
  order.probation_us = duration_us;
  order.canary = canary;
  v1::SwapRequest overlap = request;
  overlap.set_mode(v1::SWAP_MODE_OVERLAP);
  return Begin(order, [&](const Layout& layout) -> Result<Wanted> {
    STRATA_RETURN_IF_ERROR(MayServeBeside(layout, request.slot()));
    STRATA_ASSIGN_OR_RETURN(Wanted wanted, WantedBySwap(state_, layout, overlap));
    wanted.name = "canary";
    return wanted;
  });
}

void Changes::BeginCanary(const Job& job, const ChangeRunner& runner,
                          const ChangeOutcome& outcome) {
  const bool endless = job.order.probation_us == 0;
  OnProbation& change = probations_.emplace_back();
  change.id = job.id;
  change.until_us = endless ? std::numeric_limits<std::int64_t>::max()
                            : state_.clock.MonotonicUs() + job.order.probation_us;
  change.canary = runner.canary();
  for (const v1::SlotChange& part : runner.plan().shown.slots()) change.changes.push_back(part);
  change.slots.push_back(std::make_unique<Probation>(
      change.canary->candidate().instance,
      std::shared_ptr<const SlotStats>(job.order.canary->control), job.order.canary->bounds));
  change.slots.back()->WatchProcess(state_.options.isolation);
  Release();
  history_.Update(
      job.id,
      [&](Change* c) {
        c->set_state(Change::STATE_PROBATION);
        *c->mutable_slots() = runner.plan().shown.slots();
        c->set_generation_before(outcome.generation_before);
        c->set_generation_after(outcome.generation_after);
        c->clear_step();
        if (!endless) c->set_probation_until_us(state_.clock.WallUs() + job.order.probation_us);
      },
      /*record=*/true);
  state_.log.Info("change.canary", {{"change", job.id}, {"generation", outcome.generation_after}});
}

// Requests that began with it end with it; later ones never see it.
void Changes::RemoveCanary(const OnProbation& change) {
  Layout layout = *state_.layout();
  const std::shared_ptr<Instance>& candidate = change.canary->candidate().instance;
  Slot* const slot = layout.Find(candidate->slot());
  if (slot == nullptr || slot->canary != change.canary) return;  // A change has retired it.
  slot->canary = nullptr;
  ChangeOutcome outcome;
  DrainGenerations(state_, state_.Publish(layout) - 1, &outcome);
  Retire({candidate}, outcome.abandoned > 0);
  history_.Update(change.id, [&](Change* c) {
    c->set_drained(outcome.drained);
    c->set_cancelled(outcome.cancelled);
    c->set_resumed(outcome.resumed);
  });
}

}  // namespace strata::host
