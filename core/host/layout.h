#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/host/instance.h"
#include "core/host/lifecycle.h"
#include "core/host/manifest.h"
#include "core/host/routes_builder.h"
#include "core/host/stack_file.h"
#include "core/host/stored_format.h"

namespace strata::host {

// One slot of the stack and what fills it. A value: part of a Layout, which never changes once it
// is shown. What it points to is thread-safe.
struct Slot {
  SlotConfig config;     // As it was asked for.
  std::string settings;  // Its config with the plugin's defaults, once RESOLVED.
  std::uint32_t number = 0;
  State early = State::kFound;  // Until there is an instance.
  std::string failure;          // Why it does not run.
  std::optional<Manifest> manifest;
  std::string package_dir;
  std::string digest;
  std::vector<Grant> grants;
  // shared: with the routes, and with control threads that did not return in time.
  std::shared_ptr<Instance> instance;
  std::shared_ptr<SlotStats> stats = std::make_shared<SlotStats>();  // shared: with the instances.
  std::optional<ServiceDescription> service;
  bool routed = true;  // Part of the routes while it runs.
  // What a rollback brings back: its entry, its manifest and its loaded code, without an instance.
  std::shared_ptr<const Slot> previous;
  std::shared_ptr<const strata_plugin> code;  // Of `previous` only; shared: by its instances.
  // Its statistics when what runs now took over: what came before.
  std::shared_ptr<const SlotStats::StatsMark> served_before;
  StoredFormat format;                   // What it keeps, once it has said so.
  std::shared_ptr<const Canary> canary;  // Null: none. shared: with the routes.
  std::int64_t probation_until_us = 0;   // 0: what runs is not on probation.

  State state() const { return instance != nullptr ? instance->state() : early; }
  bool running() const { return state() == State::kActive; }
};

// All slots at one moment, in the order of the stack file.
struct Layout {
  std::vector<Slot> slots;
  std::vector<std::size_t> order;  // Positions in `slots`: providers before consumers.
  // The slot per service that callers get who name none.
  std::map<std::string, std::string, std::less<>> chosen;

  const Slot* Find(std::string_view name) const {
    for (const Slot& slot : slots) {
      if (slot.config.name == name) return &slot;
    }
    return nullptr;
  }
  Slot* Find(std::string_view name) {
    return const_cast<Slot*>(static_cast<const Layout*>(this)->Find(name));
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> out;
    for (const Slot& slot : slots) out.push_back(slot.config.name);
    return out;
  }
};

}  // namespace strata::host
