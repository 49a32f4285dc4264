#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/host/routes.h"

namespace strata::host {

// What an instance may call: a requirement of its manifest, bound to a slot.
struct Grant {
  std::string binding;  // The name in the manifest ("store").
  std::string service;  // "strata.hosting.v1.Hosting"
  std::string slot;
  std::uint32_t slot_number = 0;
};

// The grants of one instance and the handles that it got for them. A handle is a position in this
// table, so a number from anywhere else gives no more rights than the table does. Thread-safe.
class Bindings final {
 public:
  static constexpr std::size_t kMaxHandles = 1024;

  struct Entry {
    std::uint32_t slot_number = 0;
    std::uint32_t method_id = 0;
  };

  Bindings(std::vector<Grant> grants, MethodNames& names)
      : grants_(std::move(grants)), names_(names) {}

  // strata_host.resolve: 0 when nothing is granted, the empty name is ambiguous, or the instance
  // has kMaxHandles already.
  std::uint64_t Resolve(std::string_view binding, std::string_view full_method);

  // What the handle stands for, or null. Takes no lock.
  const Entry* At(std::uint64_t handle) const {
    return handle - 1 < count_.load(std::memory_order_acquire) ? &entries_[handle - 1] : nullptr;
  }

  const std::vector<Grant>& grants() const { return grants_; }

 private:
  const Grant* FindGrant(std::string_view binding, std::string_view service) const;

  const std::vector<Grant> grants_;
  MethodNames& names_;
  base::Mutex mutex_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> known_ STRATA_GUARDED_BY(mutex_);
  std::array<Entry, kMaxHandles> entries_;  // Below count_: written once.
  std::atomic<std::uint64_t> count_{0};
};

// "strata.hosting.v1.Hosting" of "/strata.hosting.v1.Hosting/Get"; empty when it is not of that
// form.
std::string_view ServiceOf(std::string_view full_method);

}  // namespace strata::host
