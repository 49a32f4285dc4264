#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/clock.h"
#include "core/host/bindings.h"
#include "core/host/frame.h"
#include "core/host/request.h"
#include "core/host/route_table.h"

namespace strata::host {

class Instance;
class Tap;

// Carries calls to plugins: finds the instance in the generation that the request is pinned to,
// sets what the caller must not choose (identity, generation, deadline), counts and times. Thread-
// safe.
class Router final {
 public:
  Router(RouteTable& table, CancelHub& hub, const base::Clock& clock)
      : table_(table), hub_(hub), clock_(clock) {}

  RouteTable& table() { return table_; }
  CancelHub& hub() { return hub_; }

  // A call from a gateway: `outer->auth` and `outer->deadline_us` count as given. Blocks until it
  // has ended. UNIMPLEMENTED: the target is not one of this generation.
  strata_code CallFromIngress(Request& request, const Target& target, strata_call* outer);

  // A call that the core makes itself into a slot of the request's generation.
  strata_code CallSlot(Request& request, std::uint32_t slot, std::uint32_t method_index,
                       strata_call* outer);

  // The same into an instance that need not be one of the generation; `route` has it.
  strata_code CallRoute(Request& request, const SlotRoute& route, std::uint32_t method_index,
                        strata_call* outer);

  // strata_host.call. With a parent (or on a thread that serves a call of the same instance) it
  // belongs to that request; otherwise it is background work and enters by itself.
  // INVALID_ARGUMENT: the struct is too small, the handle or the parent is not this instance's, or
  // background work without a deadline.
  strata_code CallFromPlugin(Instance& caller, strata_call* outer);

  // Shows every call to `tap` (tap.h), or to nobody (null). What it shows goes on to its end.
  void set_tap(Tap* tap) { tap_.store(tap, std::memory_order_release); }

  // The call that this thread is serving, or null.
  static const Frame* Current();

 private:
  strata_code CallCore(Request& request, std::uint32_t method_index, strata_call* outer);
  strata_code Nested(Frame* parent, const Bindings::Entry& to, strata_call* outer);
  strata_code Background(Instance& caller, const Bindings::Entry& to, strata_call* outer);
  // One call to one slot.
  struct Hop {
    Request& request;
    const Frame* parent;  // Null: from outside, or background work.
    const SlotRoute* route;
    std::uint32_t method_index;
    strata_call* outer;
    strata_bytes auth;
    SlotStats* also = nullptr;
  };
  strata_code Run(const Hop& hop);
  // The same in a generation that has a canary: decides who serves the request.
  strata_code RunBeside(const Canary& canary, Hop hop);
  strata_code Carry(const Hop& hop);
  strata_code Serve(Frame* frame);
  strata_code AwaitFinish(Frame* frame);

  RouteTable& table_;
  CancelHub& hub_;
  const base::Clock& clock_;
  std::atomic<Tap*> tap_{nullptr};
  FramePool frames_;
};

}  // namespace strata::host
