#include "core/trial/live_slot.h"

#include "core/host/stack_state.h"

namespace strata::trial {

std::optional<LiveSlot> FindLiveSlot(host::Stack& live, std::string_view name) {
  const std::shared_ptr<const host::Layout> layout = live.state().layout();
  const host::Slot* const slot = layout->Find(name);
  if (slot == nullptr || !slot->running() || !slot->manifest) return std::nullopt;
  LiveSlot out;
  out.number = slot->number;
  out.name = slot->config.name;
  out.manifest = *slot->manifest;
  out.package_dir = slot->package_dir;
  out.digest = slot->digest;
  out.config_json = slot->settings;
  out.run = slot->config.run;
  out.grants = slot->grants;
  out.descriptor = &slot->instance->descriptor();
  return out;
}

}  // namespace strata::trial
