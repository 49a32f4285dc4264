#include "core/isolation/laned_call.h"

#include <string_view>
#include <utility>

#include "core/isolation/call_parts.h"
#include "core/isolation/rpc_server.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

// The end of a nested call, for its caller in this process.
strata_code Conclude(const LaneFrame& frame, bool stopped, strata_call* c) {
  v1::CallEnd end;
  if (!end.ParseFromArray(frame.head.data(), static_cast<int>(frame.head.size()))) {
    return STRATA_INTERNAL;
  }
  if (!stopped && frame.with_body) {
    stopped = c->ops->write(c, abi::Bytes(frame.body)) != STRATA_OK;
  }
  if (stopped) return STRATA_CANCELLED;
  return PassEnd(end, c);
}

}  // namespace

const strata_call_ops LanedCall::kOps[2] = {
    {sizeof(strata_call_ops), &OnWrite, nullptr, &IsCancelled,
     [](strata_call* c, void (*fn)(void*), void* arg) { return Of(c).cancel_.Add(fn, arg); },
     [](strata_call* c, std::uint64_t id) { Of(c).cancel_.Remove(id); }, &SetStatus, &SetTrailer,
     nullptr},
    {sizeof(strata_call_ops), &OnWrite, nullptr, &IsCancelled,
     [](strata_call* c, void (*fn)(void*), void* arg) { return Of(c).cancel_.Add(fn, arg); },
     [](strata_call* c, std::uint64_t id) { Of(c).cancel_.Remove(id); }, &SetStatus, &SetTrailer,
     &Finish}};

LanedCall::LanedCall(Lane* lane, CancelSource* cancel, const v1::CallHead& head,
                     const std::string& request_bytes, bool one_response, bool may_finish)
    : PluginCall(head, one_response), lane_(*lane), cancel_(*cancel), one_response_(one_response) {
  ops = &kOps[may_finish ? 1 : 0];
  deadline_us = head.deadline_us();
  request = abi::Bytes(request_bytes);
}

bool LanedCall::Send(LaneKind kind, std::string_view head, const std::string_view* body) {
  const base::MutexLock lock(mutex_);
  return lane_.Send(kind, head, body, /*deadline_us=*/0) == Lane::Result::kDone;
}

strata_code LanedCall::OnWrite(strata_call* c, strata_bytes message) {
  LanedCall& self = Of(c);
  if (!self.CountResponse()) return STRATA_INTERNAL;
  if (message.size > static_cast<std::size_t>(kMaxMessageBytes)) return STRATA_RESOURCE_EXHAUSTED;
  const base::MutexLock lock(self.mutex_);
  if (self.held_) {
    const std::string_view body = *self.held_;
    if (self.lane_.Send(LaneKind::kData, {}, &body, 0) != Lane::Result::kDone) {
      return STRATA_CANCELLED;
    }
  }
  self.held_.emplace(abi::View(message));
  return self.cancel_.cancelled() ? STRATA_CANCELLED : STRATA_OK;
}

std::int32_t LanedCall::IsCancelled(strata_call* c) {
  const bool late = c->deadline_us != 0 && abi::MonotonicUs() >= c->deadline_us;
  return late || Of(c).cancel_.cancelled() ? 1 : 0;
}

bool LanedCall::CallCore(const v1::CallHead& head, strata_call* c, strata_code* code) {
  const std::string bytes = head.SerializeAsString();
  if (head.framed() || bytes.size() > static_cast<std::size_t>(kMaxMetadataBytes) ||
      c->request.size > static_cast<std::size_t>(kMaxMessageBytes)) {
    return false;
  }
  *code = STRATA_CANCELLED;  // The core is gone, or has ended this call.
  const std::string_view request_bytes = abi::View(c->request);
  if (!Send(LaneKind::kNested, bytes, &request_bytes)) return true;
  bool stopped = false;
  LaneFrame frame;
  while (lane_.Receive(&frame, /*deadline_us=*/0) == Lane::Result::kDone) {
    if (frame.kind == LaneKind::kNestedEnd) {
      *code = isolation::Conclude(frame, stopped, c);
      return true;
    }
    if (frame.kind != LaneKind::kData) return true;
    stopped = stopped || c->ops->write(c, abi::Bytes(frame.body)) != STRATA_OK;
    if (!Send(stopped ? LaneKind::kStop : LaneKind::kMore, {}, nullptr)) return true;
  }
  return true;
}

bool LanedCall::End(strata_code code) {
  v1::CallEnd end;
  const Status status = PluginCall::Conclude(code, &end);
  end.set_code(static_cast<std::int32_t>(status.code()));
  end.set_message(status.message());
  end.set_details(status.details());
  std::string head = end.SerializeAsString();
  if (head.size() > static_cast<std::size_t>(kMaxMetadataBytes)) {
    end.Clear();
    end.set_code(STRATA_RESOURCE_EXHAUSTED);
    end.set_message("its status is too large");
    head = end.SerializeAsString();
  }
  const base::MutexLock lock(mutex_);
  // Who failed has no one response, however many it has written.
  const bool body = held_ && (status.ok() || !one_response_);
  const std::string_view last = body ? *held_ : std::string_view();
  return lane_.Send(LaneKind::kEnd, head, body ? &last : nullptr, 0) == Lane::Result::kDone;
}

}  // namespace strata::isolation
