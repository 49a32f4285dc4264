#include "core/move/slot_host.h"

#include <utility>

#include "core/base/ids.h"
#include "core/host/auth.h"
#include "core/host/stack_state.h"
#include "core/sdk/strata/abi.h"

namespace strata::move {
namespace {

// A handle: the binding in the upper half, the method's number in the plugin, from 1, in the lower.
constexpr unsigned kHalf = 32;

}  // namespace

SlotHost::SlotHost(host::StackState& state)
    : state_(state), auth_(host::SystemAuth("core", base::NewUuid7(state.clock.WallUs()))), raw_{} {
  raw_.struct_size = sizeof(strata_host);
  raw_.resolve = &Resolve;
  raw_.call = &Call;
  raw_.self = this;
}

void SlotHost::Add(std::string name, std::shared_ptr<host::Instance> instance) {
  Binding& binding = bindings_.emplace_back();
  binding.name = std::move(name);
  binding.route.instance = std::move(instance);
}

std::uint64_t SlotHost::Resolve(const strata_host* raw, strata_str name, strata_str method) {
  const SlotHost& self = *static_cast<const Raw*>(raw)->self;
  for (std::size_t i = 0; i < self.bindings_.size(); ++i) {
    const Binding& binding = self.bindings_[i];
    if (binding.name != abi::View(name)) continue;
    const std::int32_t index = binding.route.instance->MethodIndex(abi::View(method));
    if (index < 0) return 0;
    return (std::uint64_t{i} << kHalf) | (static_cast<std::uint64_t>(index) + 1);
  }
  return 0;
}

strata_code SlotHost::Call(const strata_host* raw, strata_call* call) {
  SlotHost& self = *static_cast<const Raw*>(raw)->self;
  const host::SlotRoute& route = self.bindings_[call->method >> kHalf].route;
  const auto index = static_cast<std::uint32_t>(call->method) - 1;
  call->auth = abi::Bytes(self.auth_);
  const auto ticket = self.state_.table.EnterStaged();
  if (!ticket.ok()) return STRATA_UNAVAILABLE;
  host::Request pinned(self.state_.table, self.state_.hub, *ticket);
  return self.state_.router.CallRoute(pinned, route, index, call);
}

}  // namespace strata::move
