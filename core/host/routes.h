#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/host/ingress.h"

namespace strata::host {

class Instance;

// Gives every method name a small number, the same in all generations. Thread-safe.
class MethodNames final {
 public:
  // The number of "/package.Service/Method", made at the first call.
  std::uint32_t Intern(std::string_view full_method);

 private:
  base::Mutex mutex_;
  std::map<std::string, std::uint32_t, std::less<>> ids_ STRATA_GUARDED_BY(mutex_);
};

// The core's own services; slots of the stack file count from 1.
inline constexpr std::uint32_t kCoreSlotNumber = 0;

// One slot in one generation.
struct SlotRoute {
  // shared: by every generation that routes to the instance, and by the stack.
  std::shared_ptr<Instance> instance;
  // Index in the plugin's own method table by MethodNames id; -1 where it lacks the method.
  std::vector<std::int32_t> method_index;

  std::int32_t IndexOf(std::uint32_t method_id) const {
    return method_id < method_index.size() ? method_index[method_id] : -1;
  }
};

// Slots that provide one service.
struct ServiceRoute {
  std::vector<std::uint32_t> slots;
  // The one that a caller gets who names no slot; -1: several, and none is the default.
  std::int32_t chosen = -1;
};

class Canary;

// Who serves a request in the slot of a canary. Decided once per request.
enum class Side : std::uint8_t {
  kOpen,       // not decided yet
  kLive,       // it names no patient
  kControl,    // the live plugin: the patient is not one of the share
  kCandidate,  // the candidate
};

// What one audience sees by HTTP.
struct HttpSite {
  std::vector<HttpRoute> routes;
  std::vector<MenuItem> menu;

  // The route with the longest path that is `path` or a folder above it, or null.
  const HttpRoute* Match(std::string_view path) const;
};

// What requests are routed by. Immutable once published, so that it is read without a lock.
struct Routes {
  std::vector<SlotRoute> slots;  // By slot number; an empty entry is a slot that does not run.
  std::map<std::string, ServiceRoute, std::less<>> services;
  std::array<HttpSite, kAudiences> sites;
  // Null: none. shared: with the layout, until the last request of the generation has ended.
  std::shared_ptr<const Canary> canary;

  const HttpSite& Site(Audience audience) const {
    return sites[static_cast<std::size_t>(audience)];
  }
  HttpSite& Site(Audience audience) { return sites[static_cast<std::size_t>(audience)]; }

  // The route of a running slot, or null.
  const SlotRoute* Slot(std::uint32_t slot) const {
    return slot < slots.size() && slots[slot].instance != nullptr ? &slots[slot] : nullptr;
  }
  // Errors as Pin::FindMethod.
  Result<Target> Find(std::string_view slot, std::string_view full_method) const;
  // `slot` must run and have the method.
  Target MakeTarget(std::uint32_t slot, std::uint32_t method_index) const;

 private:
  Result<std::uint32_t> ChooseSlot(std::string_view slot, std::string_view service) const;
};

// A slot and a method of it, packed into Target::handle (never 0).
struct TargetHandle {
  std::uint32_t slot;
  std::uint32_t method_index;

  std::uint64_t Pack() const { return ((std::uint64_t{slot} << 32) | method_index) + 1; }
  static TargetHandle Unpack(std::uint64_t handle) {
    return {static_cast<std::uint32_t>((handle - 1) >> 32), static_cast<std::uint32_t>(handle - 1)};
  }
};

}  // namespace strata::host
