#include "core/trial/live_slot.h"

#include "core/host/stack_state.h"

namespace strata::trial {

std::optional<LiveSlot> FindLiveSlot(host::Stack& live, std::string_view name) {
  const std::shared_ptr<const host::Layout> layout = live.state().layout();
  const host::Slot* const slot = layout->Find(name);
  if (slot == nullptr || !slot->running() || !slot->manifest) return std::nullopt;
  return LiveSlot{slot->number, slot->config.name, *slot->manifest, slot->package_dir,
                  slot->digest, slot->settings,    slot->grants,    &slot->instance->descriptor()};
}

}  // namespace strata::trial
