#include "core/host/call_ops.h"

#include <algorithm>
#include <array>

#include "core/host/instance.h"
#include "core/host/request.h"
#include "core/host/router.h"
#include "core/host/tap.h"
#include "core/sdk/strata/abi.h"

namespace strata::host {
namespace {

// Keys that follow a request by themselves (W3C Trace Context).
constexpr std::array<std::string_view, 2> kInherited = {"traceparent", "tracestate"};

bool IsInherited(std::string_view key) {
  return std::find(kInherited.begin(), kInherited.end(), key) != kInherited.end();
}

strata_code Write(strata_call* c, strata_bytes message) {
  Frame* const frame = Frame::Of(c);
  if (frame->request->Cancelled()) {
    frame->cut_short = true;
    return STRATA_CANCELLED;
  }
  if (++frame->responses > 1 && frame->one_response) return STRATA_INTERNAL;
  if (frame->observer != nullptr) frame->observer->Response(message);
  const strata_call_ops* const ops = frame->outer->ops;
  return ops->write != nullptr ? ops->write(frame->outer, message) : STRATA_OK;
}

strata_code Read(strata_call* c, strata_bytes* out) {
  Frame* const frame = Frame::Of(c);
  if (frame->request->Cancelled()) return STRATA_CANCELLED;
  const strata_call_ops* const ops = frame->outer->ops;
  if (ops->read == nullptr) return STRATA_OUT_OF_RANGE;
  const strata_code code = ops->read(frame->outer, out);
  if (code == STRATA_OK && frame->observer != nullptr) frame->observer->Request(*out);
  return code;
}

std::int32_t Cancelled(strata_call* c) { return IsCancelled(Frame::Of(c)) ? 1 : 0; }

// An entry frame has the request's own list, to which the caller's cancellation is linked once; a
// nested one asks its caller, who passes it on to the frame that it serves and so to the same list.
std::uint64_t OnCancel(strata_call* c, void (*fn)(void*), void* arg) {
  Frame* const frame = Frame::Of(c);
  const strata_call_ops* const ops = frame->outer->ops;
  const bool outer_tells = ops->on_cancel != nullptr && ops->off_cancel != nullptr;
  if (!frame->entry && outer_tells) return ops->on_cancel(frame->outer, fn, arg);
  if (frame->entry && outer_tells && !frame->hooked.exchange(true)) {
    const auto cancel = [](void* request) {
      static_cast<Request*>(request)->Cancel(CancelReason::kCaller);
    };
    frame->outer_hook = ops->on_cancel(frame->outer, cancel, frame->request);
    // Not registered: it is cancelled already, or can never be.
    const bool already = ops->cancelled != nullptr && ops->cancelled(frame->outer) != 0;
    if (frame->outer_hook == 0 && already) cancel(frame->request);
  }
  return frame->request->OnCancel(fn, arg);
}

void OffCancel(strata_call* c, std::uint64_t id) {
  Frame* const frame = Frame::Of(c);
  const strata_call_ops* const ops = frame->outer->ops;
  if (id == 0) return;
  if (!frame->entry && ops->on_cancel != nullptr && ops->off_cancel != nullptr) {
    ops->off_cancel(frame->outer, id);
  } else {
    frame->request->OffCancel(id);
  }
}

void SetStatus(strata_call* c, const strata_status* status) {
  Frame* const frame = Frame::Of(c);
  if (frame->outer->ops->set_status != nullptr) {
    frame->outer->ops->set_status(frame->outer, status);
  }
}

void SetTrailer(strata_call* c, const strata_kv* kv) {
  Frame* const frame = Frame::Of(c);
  if (IsReservedKey(kv->key)) {
    frame->callee->api().LogMisbehaviour("a trailer with a reserved key");
    return;
  }
  if (frame->outer->ops->set_trailer != nullptr) frame->outer->ops->set_trailer(frame->outer, kv);
}

void Finish(strata_call* c, strata_code code) {
  Frame* const frame = Frame::Of(c);
  FramePool::Parking& parking = frame->pool->ParkingOf(frame);  // Outlives the frame's use.
  const base::MutexLock lock(parking.mutex);
  frame->finish_code = code;
  frame->finished = true;
  parking.changed.NotifyAll();  // Under the lock: who waits may end the stack.
}

constexpr strata_call_ops MakeOps(bool reads, bool async) {
  return {sizeof(strata_call_ops),
          &Write,
          reads ? &Read : nullptr,
          &Cancelled,
          &OnCancel,
          &OffCancel,
          &SetStatus,
          &SetTrailer,
          async ? &Finish : nullptr};
}
constexpr strata_call_ops kOps[2][2] = {{MakeOps(false, false), MakeOps(false, true)},
                                        {MakeOps(true, false), MakeOps(true, true)}};

}  // namespace

const strata_call_ops* OpsFor(bool reads, bool async) {
  return &kOps[reads ? 1 : 0][async ? 1 : 0];
}

void UnhookOuter(Frame* frame) {
  if (frame->outer_hook == 0) return;
  frame->outer->ops->off_cancel(frame->outer, frame->outer_hook);
  frame->outer_hook = 0;
}

bool IsReservedKey(strata_str key) {
  const std::string_view text = abi::View(key);
  return text.starts_with("strata-") || text.starts_with("grpc-");
}

void PassMetadata(const Frame* parent, const strata_call* outer, Frame* frame) {
  frame->call.metadata = outer->metadata;
  frame->call.metadata_count = outer->metadata_count;
  // A gateway's, or the usual case: a client that sends on what its own caller sent.
  if (parent == nullptr) return;
  if (outer->metadata == parent->call.metadata &&
      outer->metadata_count == parent->call.metadata_count) {
    return;
  }
  frame->metadata.clear();
  for (std::size_t i = 0; i < outer->metadata_count; ++i) {
    const strata_kv& kv = outer->metadata[i];
    if (!IsReservedKey(kv.key) && !IsInherited(abi::View(kv.key))) frame->metadata.push_back(kv);
  }
  for (std::size_t i = 0; i < parent->call.metadata_count; ++i) {
    const strata_kv& kv = parent->call.metadata[i];
    if (IsReservedKey(kv.key) || IsInherited(abi::View(kv.key))) frame->metadata.push_back(kv);
  }
  frame->call.metadata = frame->metadata.data();
  frame->call.metadata_count = frame->metadata.size();
}

bool IsCancelled(const Frame* frame) {
  if (frame->request->Cancelled()) return true;
  if (frame->deadline_us != 0 && frame->clock->MonotonicUs() >= frame->deadline_us) return true;
  const strata_call_ops* const ops = frame->outer->ops;
  return ops->cancelled != nullptr && ops->cancelled(frame->outer) != 0;
}

}  // namespace strata::host
