#include "core/host/router.h"

#include <algorithm>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/host/auth.h"
#include "core/host/bindings.h"
#include "core/host/call_ops.h"
#include "core/host/canary.h"
#include "core/host/instance.h"
#include "core/host/tap.h"
#include "core/sdk/strata/abi.h"

namespace strata::host {
namespace {

thread_local const Frame* t_current = nullptr;

strata_code Refuse(strata_call* outer, strata_code code, std::string_view why) {
  if (outer->ops->set_status != nullptr) {
    const strata_status status{sizeof(strata_status), code, abi::Str(why), {}};
    outer->ops->set_status(outer, &status);
  }
  return code;
}

std::int64_t Earlier(std::int64_t a, std::int64_t b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

// The code that `frame`'s callee may answer with: its own, or INTERNAL when it broke the protocol.
strata_code CheckAnswer(const Frame& frame, strata_code code) {
  std::string_view rule;
  if (code < STRATA_OK || code > STRATA_UNAUTHENTICATED) {
    rule = "handle() answered with a code that is none";
  } else if (frame.one_response && frame.responses > 1) {
    rule = "more than one response";
  } else if (frame.one_response && frame.responses == 0 && code == STRATA_OK) {
    rule = "OK without a response";
  }
  if (rule.empty()) return code;
  frame.callee->api().LogMisbehaviour(rule);
  return Refuse(frame.outer, STRATA_INTERNAL, rule);
}

// The callee only knows that it was told to stop; the caller wants to know why.
strata_code ExplainCancel(const Frame& frame, std::int64_t now_us) {
  const CancelReason reason = frame.request->reason();
  if (reason == CancelReason::kDraining) {
    return Refuse(frame.outer, STRATA_UNAVAILABLE, "the plugin is being replaced; try again");
  }
  const bool late = frame.deadline_us != 0 && now_us >= frame.deadline_us;
  if (reason == CancelReason::kDeadline || (reason == CancelReason::kNone && late)) {
    return Refuse(frame.outer, STRATA_DEADLINE_EXCEEDED, "the deadline has passed");
  }
  return STRATA_CANCELLED;
}

// The innermost call that this thread serves for `instance`, or null.
const Frame* ServedBy(const Instance& instance) {
  const Frame* frame = t_current;
  while (frame != nullptr && frame->callee != &instance) frame = frame->enclosing;
  return frame;
}

// Counts a call that a plugin makes on its own behalf: its instance is not stopped before.
class OwnCall {
 public:
  explicit OwnCall(Instance& caller) : caller_(caller) { caller_.BeginCall(); }
  ~OwnCall() { caller_.EndCall(); }
  OwnCall(const OwnCall&) = delete;
  OwnCall& operator=(const OwnCall&) = delete;

 private:
  Instance& caller_;
};

bool Reads(std::int32_t kind) { return kind == STRATA_CLIENT_STREAM || kind == STRATA_BIDI; }

}  // namespace

const Frame* Router::Current() { return t_current; }

strata_code Router::CallFromIngress(Request& request, const Target& target, strata_call* outer) {
  const TargetHandle at = TargetHandle::Unpack(target.handle);
  request.set_endless(target.endless);
  if (at.slot == kCoreSlotNumber) return CallCore(request, at.method_index, outer);
  return CallSlot(request, at.slot, at.method_index, outer);
}

strata_code Router::CallCore(Request& request, std::uint32_t method_index, strata_call* outer) {
  const SlotRoute* const route = request.generation().routes().Slot(kCoreSlotNumber);
  if (route == nullptr || method_index >= route->instance->method_count()) {
    return Refuse(outer, STRATA_UNIMPLEMENTED, "the target is not one of this generation");
  }
  SlotRoute core;  // Outlives the generation's own; this instance never changes.
  core.instance = route->instance;
  request.Unpin();
  request.set_deadline_us(outer->deadline_us);
  return Run({request, nullptr, &core, method_index, outer, outer->auth});
}

strata_code Router::CallSlot(Request& request, std::uint32_t slot, std::uint32_t method_index,
                             strata_call* outer) {
  const SlotRoute* const route = request.generation().routes().Slot(slot);
  if (route == nullptr || method_index >= route->instance->method_count()) {
    return Refuse(outer, STRATA_UNIMPLEMENTED, "the target is not one of this generation");
  }
  return CallRoute(request, *route, method_index, outer);
}

strata_code Router::CallRoute(Request& request, const SlotRoute& route, std::uint32_t method_index,
                              strata_call* outer) {
  request.set_deadline_us(outer->deadline_us);
  return Run({request, nullptr, &route, method_index, outer, outer->auth});
}

strata_code Router::CallFromPlugin(Instance& caller, strata_call* outer) {
  if (outer == nullptr || outer->struct_size < sizeof(strata_call) || outer->ops == nullptr ||
      !STRATA_HAS(outer->ops, finish)) {
    caller.api().LogMisbehaviour("host->call with an incomplete strata_call");
    return STRATA_INVALID_ARGUMENT;
  }
  const Bindings::Entry* const to = caller.bindings().At(outer->method);
  if (to == nullptr) {
    caller.api().LogMisbehaviour("host->call with a handle that it was not given");
    return Refuse(outer, STRATA_INVALID_ARGUMENT, "not a handle of this instance");
  }
  // On a thread that serves a call of this instance, a call without a parent belongs to it too:
  // leaving the parent out must not turn a user's request into the plugin's own work.
  std::uint64_t parent_ref = 0;
  if (outer->parent != nullptr) {
    parent_ref = outer->parent->host_ref;
  } else if (const Frame* const served = ServedBy(caller); served != nullptr) {
    parent_ref = served->ref.load(std::memory_order_relaxed);
  } else {
    return Background(caller, *to, outer);
  }
  Frame* const parent = frames_.Use(parent_ref);
  if (parent == nullptr || parent->callee != &caller) {
    if (parent != nullptr) frames_.Unuse(parent);
    caller.api().LogMisbehaviour("host->call with a parent that it is not serving");
    return Refuse(outer, STRATA_INVALID_ARGUMENT, "the parent is not a call being served");
  }
  const strata_code code = Nested(parent, *to, outer);
  frames_.Unuse(parent);
  return code;
}

strata_code Router::Nested(Frame* parent, const Bindings::Entry& to, strata_call* outer) {
  Request& request = *parent->request;
  if (request.generation().abandoned()) {
    return Refuse(outer, STRATA_UNAVAILABLE, "the request has outlived the plugins it began with");
  }
  const SlotRoute* const route = request.generation().routes().Slot(to.slot_number);
  if (route == nullptr) return Refuse(outer, STRATA_UNAVAILABLE, "the slot is not running");
  const std::int32_t index = route->IndexOf(to.method_id);
  if (index < 0) return Refuse(outer, STRATA_UNIMPLEMENTED, "the plugin lacks this method");
  return Run({request, parent, route, static_cast<std::uint32_t>(index), outer, parent->auth});
}

strata_code Router::Background(Instance& caller, const Bindings::Entry& to, strata_call* outer) {
  if (outer->deadline_us == 0) {
    caller.api().LogMisbehaviour("background host->call without a deadline");
    return Refuse(outer, STRATA_INVALID_ARGUMENT, "background work must carry a deadline");
  }
  const OwnCall own(caller);
  const auto ticket = caller.staged()
                          ? table_.EnterStaged()
                          : table_.Enter(RouteTable::Caller::kBackground, outer->deadline_us);
  if (!ticket.ok()) return Refuse(outer, STRATA_UNAVAILABLE, ticket.status().message());
  Request request(table_, hub_, *ticket);
  request.set_deadline_us(outer->deadline_us);
  const SlotRoute* const route = request.generation().routes().Slot(to.slot_number);
  if (route == nullptr) return Refuse(outer, STRATA_UNAVAILABLE, "the slot is not running");
  const std::int32_t index = route->IndexOf(to.method_id);
  if (index < 0) return Refuse(outer, STRATA_UNIMPLEMENTED, "the plugin lacks this method");
  const auto method_index = static_cast<std::uint32_t>(index);
  const strata_method& method = route->instance->method(method_index);
  request.set_endless((method.flags & STRATA_METHOD_ENDLESS) != 0);
  const std::string auth = SystemAuth(caller.slot(), base::NewUuid7(clock_.WallUs()));
  request.Decide(Side::kLive);
  return Run({request, nullptr, route, method_index, outer, abi::Bytes(auth)});
}

strata_code Router::Run(const Hop& hop) {
  // The core's own services are called outside of any generation.
  const bool core = hop.route->instance->slot_number() == kCoreSlotNumber;
  const Canary* const canary = core ? nullptr : hop.request.generation().routes().canary.get();
  return canary == nullptr ? Carry(hop) : RunBeside(*canary, hop);
}

strata_code Router::RunBeside(const Canary& canary, Hop hop) {
  Request& request = hop.request;
  const SlotRoute* const live = request.generation().routes().Slot(canary.slot());
  const bool there = live != nullptr && live->instance == hop.route->instance;
  std::optional<PeekedCall> peeked;
  if (request.side() == Side::kOpen && (there || hop.parent == nullptr)) {
    const strata_method& method = hop.route->instance->method(hop.method_index);
    const std::string_view name = abi::View(method.full_name);
    strata_bytes first = hop.outer->request;
    if (Reads(method.kind)) {
      first = {};
      if (canary.finder().ReadsFirst(name)) {
        first = peeked.emplace(hop.outer).First();
        hop.outer = peeked->call();
      }
    }
    const std::string patient = canary.finder().Find(name, first, hop.auth);
    if (!patient.empty()) request.Decide(canary.SideOf(patient));
  }
  if (!there) return Carry(hop);
  const Side side = request.Decide(Side::kLive);
  if (side == Side::kControl) hop.also = &canary.control();
  const std::int32_t index = canary.IndexOf(hop.method_index);
  if (side != Side::kCandidate || index < 0) return Carry(hop);
  hop.route = &canary.candidate();
  hop.method_index = static_cast<std::uint32_t>(index);
  return Carry(hop);
}

strata_code Router::Carry(const Hop& hop) {
  Request& request = hop.request;
  const Frame* const parent = hop.parent;
  strata_call* const outer = hop.outer;
  const std::uint32_t method_index = hop.method_index;
  Instance& callee = *hop.route->instance;
  const strata_method& method = callee.method(method_index);
  Frame* const frame = frames_.Acquire();
  if (frame == nullptr) return Refuse(outer, STRATA_RESOURCE_EXHAUSTED, "too many calls at once");
  frame->outer = outer;
  frame->request = &request;
  frame->clock = &clock_;
  frame->callee = &callee;
  frame->entry = parent == nullptr;
  frame->async = (method.flags & STRATA_METHOD_ASYNC) != 0;
  frame->one_response = method.kind == STRATA_UNARY || method.kind == STRATA_CLIENT_STREAM;
  frame->responses = 0;
  frame->cut_short = false;
  frame->auth = hop.auth;
  frame->also = hop.also;
  frame->deadline_us =
      parent != nullptr ? Earlier(outer->deadline_us, parent->deadline_us) : outer->deadline_us;
  strata_call& call = frame->call;
  call.struct_size = sizeof call;
  call.flags = (method.flags & STRATA_METHOD_IDEMPOTENT) != 0 ? outer->flags | STRATA_CALL_RETRYABLE
                                                              : outer->flags;
  call.ops = OpsFor(Reads(method.kind), frame->async);
  call.method = method_index;
  call.request = outer->request;
  call.deadline_us = frame->deadline_us;
  PassMetadata(parent, outer, frame);
  call.auth = hop.auth;
  call.parent = nullptr;
  call.host_ref = frame->ref.load(std::memory_order_relaxed);
  const strata_code code = Serve(frame);
  UnhookOuter(frame);
  if (frame->entry && request.DropCallbacks() > 0) {
    callee.api().LogMisbehaviour("an on_cancel callback was not taken back");
  }
  frames_.Release(frame);
  return code;
}

strata_code Router::Serve(Frame* frame) {
  Instance& callee = *frame->callee;
  const std::int64_t start_ns = clock_.MonotonicNs();
  callee.stats().Started();
  if (frame->also != nullptr) frame->also->Started();
  strata_code code = STRATA_OK;
  if (frame->request->Cancelled()) {
    code = STRATA_CANCELLED;
  } else if (frame->deadline_us != 0 && start_ns / 1000 >= frame->deadline_us) {
    code =
        Refuse(frame->outer, STRATA_DEADLINE_EXCEEDED, "the deadline had passed before the call");
  } else {
    // Off, a tap costs this load.
    if (Tap* const tap = tap_.load(std::memory_order_acquire); tap != nullptr) {
      const auto index = static_cast<std::uint32_t>(frame->call.method);
      frame->observer = tap->Begin(callee.slot_number(), callee.method(index), frame->call);
    }
    frame->enclosing = t_current;
    t_current = frame;
    code = callee.Handle(&frame->call);
    if (code == STRATA_PENDING && frame->async) code = AwaitFinish(frame);
    t_current = frame->enclosing;
    // A callee that may not write on stops and says OK; its caller has not got everything.
    if (code == STRATA_OK && frame->cut_short) code = STRATA_CANCELLED;
    code = CheckAnswer(*frame, code);
  }
  const std::int64_t end_ns = clock_.MonotonicNs();
  if (code == STRATA_CANCELLED) code = ExplainCancel(*frame, end_ns / 1000);
  if (frame->observer != nullptr) {
    frame->observer->End(code, end_ns - start_ns);
    frame->observer = nullptr;
  }
  callee.stats().Ended(code, end_ns - start_ns);
  if (frame->also != nullptr) frame->also->Ended(code, end_ns - start_ns);
  return code;
}

strata_code Router::AwaitFinish(Frame* frame) {
  FramePool::Parking& parking = frames_.ParkingOf(frame);
  const base::MutexLock lock(parking.mutex);
  while (!frame->finished) parking.changed.Wait(parking.mutex);
  return frame->finish_code;
}

}  // namespace strata::host
