#pragma once

#include <strata/host.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/host/routes.h"

namespace strata::host {
class StackState;
}  // namespace strata::host

namespace strata::move {

// Lets the core be a client of plugins that it has at hand, whether they are routed to or not: for
// SDK clients made with host(), a binding is the name that Add gave. Calls pass the gate, since who
// holds it closed makes them; what the callee calls in turn is what candidates of the change see.
// Add is single-threaded, before the first client is made; calls are thread-safe.
class SlotHost {
 public:
  explicit SlotHost(host::StackState& state);
  SlotHost(const SlotHost&) = delete;
  SlotHost& operator=(const SlotHost&) = delete;

  void Add(std::string name, std::shared_ptr<host::Instance> instance);
  Host host() const { return Host(&raw_); }

 private:
  struct Raw : strata_host {
    SlotHost* self = nullptr;
  };
  struct Binding {
    std::string name;
    host::SlotRoute route;
  };

  static std::uint64_t Resolve(const strata_host* raw, strata_str binding, strata_str method);
  static strata_code Call(const strata_host* raw, strata_call* call);

  host::StackState& state_;
  const std::string auth_;
  std::vector<Binding> bindings_;
  Raw raw_;
};

}  // namespace strata::move
