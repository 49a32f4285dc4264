// Changes: what the next start of the core needs to know of them.

#include <algorithm>
#include <utility>

#include "core/host/change/changes.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;

const SlotConfig* Entry(const std::vector<SlotConfig>& slots, const std::string& name) {
  const auto found = std::find_if(slots.begin(), slots.end(),
                                  [&](const SlotConfig& slot) { return slot.name == name; });
  return found != slots.end() ? &*found : nullptr;
}

const SlotConfig* ConfigOf(const Layout& layout, const std::string& name) {
  const Slot* const slot = layout.Find(name);
  return slot != nullptr ? &slot->config : nullptr;
}

bool Copies(const PlannedStep& step) { return step.mode == v1::SWAP_MODE_TRANSFER; }

void Put(const std::string& name, const std::optional<SlotConfig>& config, Wanted* wanted) {
  if (!config) {
    std::erase_if(wanted->slots, [&](const WantedSlot& slot) { return slot.config.name == name; });
    return;
  }
  auto slot = std::find_if(wanted->slots.begin(), wanted->slots.end(),
                           [&](const WantedSlot& w) { return w.config.name == name; });
  if (slot == wanted->slots.end()) slot = wanted->slots.emplace(slot);
  slot->config = *config;
  slot->keep = false;
  slot->always = true;
}

}  // namespace

void Changes::KeepCopying(const Job& job, const ChangePlan& plan) {
  if (std::none_of(plan.steps.begin(), plan.steps.end(), Copies)) return;
  for (const PlannedStep& step : plan.steps) {
    kept_.SetCopying(step.slot, Entry(state_.config.file_slots, step.slot),
                     ConfigOf(plan.to, step.slot), job.id);
  }
  static_cast<void>(kept_.Save());
}

// The copy has what is written from the switch on, and nobody else: it counts at once, probation or
// not.
Status Changes::Keep(const Job& job, const ChangeRunner& runner, bool with_formats) {
  const std::vector<PlannedStep>& steps = runner.plan().steps;
  const bool copied = std::any_of(steps.begin(), steps.end(), Copies);
  for (const PlannedStep& step : steps) {
    KeptChanges::Made made{job.id, Entry(state_.config.file_slots, step.slot),
                           ConfigOf(runner.layout(), step.slot),
                           job.order.probation_us == 0 || copied};
    const Slot* const now = runner.layout().Find(step.slot);
    if (with_formats && Copies(step) && now != nullptr) made.format = now->format;
    kept_.Set(step.slot, made);
  }
  static_cast<void>(kept_.ClearCopying());
  Status saved = kept_.Save();
  if (!saved.ok() && copied) kept_.Undo();
  return saved;
}

bool Changes::LearnFormats(const ChangeRunner& runner) {
  bool all = true;
  for (const PlannedStep& step : runner.plan().steps) {
    const Slot* const now = runner.layout().Find(step.slot);
    if (now == nullptr || !now->format.known()) continue;
    all = state_.formats.Learn(step.slot, now->format).ok() && all;
  }
  return all;
}

void Changes::GoOnCopying() {
  const auto cut_off = kept_.CutOff(state_.config.file_slots);
  if (!cut_off) return;
  Order order;
  order.kind = v1::Change::KIND_MOVE;
  order.who = "core";
  order.reason = "goes on with " + cut_off->change + ", which the end of the core cut off";
  if (const auto before = history_.Get(cut_off->change); before.ok()) order.kind = before->kind();
  const auto begun = Begin(order, [&](const Layout& layout) -> Result<Wanted> {
    Wanted wanted = AsItIs(layout);
    wanted.name = "change " + cut_off->change;
    for (const auto& [name, config] : cut_off->slots) Put(name, config, &wanted);
    return wanted;
  });
  if (begun.ok()) return;
  state_.log.Error("change.not_resumed", {{"change", cut_off->change},
                                          {"code", CodeName(begun.status().code())},
                                          {"reason", begun.status().message()}});
  static_cast<void>(kept_.ClearCopying());
  static_cast<void>(kept_.Save());
}

}  // namespace strata::host
