#pragma once

#include <cstdint>
#include <string>

#include "plugins/service_console/core.h"
#include "plugins/service_console/page.h"
#include "plugins/service_console/rates.h"

namespace strata::console {

// What the pages of one request are made from.
struct View {
  const Core& core;
  Context& cx;
  RateMeter& rates;
  std::int64_t now_us = 0;
  std::string token;  // for forms
};

// The live part of a page as it is now, and whether it will not change any more.
struct LiveUpdate {
  Html html;
  bool ended = false;
};

// The slot of that name, or null.
inline const core::v1::Slot* FindSlot(const core::v1::StatusResponse& status,
                                      std::string_view name) {
  for (const core::v1::Slot& slot : status.slots()) {
    if (slot.name() == name) return &slot;
  }
  return nullptr;
}

}  // namespace strata::console
