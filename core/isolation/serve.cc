#include "core/isolation/serve.h"

#include <utility>

#include "core/sdk/strata/abi.h"
#include "strata/isolation/v1/isolation.pb.h"

namespace strata::isolation {

const strata_call_ops ServedStrataCall::kOps[2][2] = {
    {{sizeof(strata_call_ops), &OnWrite, nullptr, &IsCancelled, &AddOnCancel, &RemoveOnCancel,
      &SetStatus, &SetTrailer, nullptr},
     {sizeof(strata_call_ops), &OnWrite, nullptr, &IsCancelled, &AddOnCancel, &RemoveOnCancel,
      &SetStatus, &SetTrailer, &Finish}},
    {{sizeof(strata_call_ops), &OnWrite, &OnRead, &IsCancelled, &AddOnCancel, &RemoveOnCancel,
      &SetStatus, &SetTrailer, nullptr},
     {sizeof(strata_call_ops), &OnWrite, &OnRead, &IsCancelled, &AddOnCancel, &RemoveOnCancel,
      &SetStatus, &SetTrailer, &Finish}}};

ServedStrataCall::ServedStrataCall(ServedCall* served, const v1::CallHead& head, bool one_response,
                                   bool may_finish)
    : PluginCall(head, one_response), served_(*served), framed_(head.framed()) {
  ops = &kOps[framed_ ? 1 : 0][may_finish ? 1 : 0];
  deadline_us = served->deadline_us();
}

bool ServedStrataCall::TakeRequest() {
  std::string_view bytes;
  if (framed_) return true;
  if (!served_.Read(&bytes)) return false;
  request = abi::Bytes(bytes);
  return true;
}

void ServedStrataCall::End(strata_code code) {
  v1::CallEnd end;
  const Status status = Conclude(code, &end);
  const std::string bytes = end.SerializeAsString();
  served_.End(status, &bytes);
}

strata_code ServedStrataCall::OnWrite(strata_call* c, strata_bytes message) {
  ServedStrataCall& self = Of(c);
  if (!self.CountResponse()) return STRATA_INTERNAL;
  const std::string_view bytes = abi::View(message);
  return self.served_.Write(self.framed_ ? ToFrame(Frame::kData, bytes) : ToBuffer(bytes))
             ? STRATA_OK
             : STRATA_CANCELLED;
}

strata_code ServedStrataCall::OnRead(strata_call* c, strata_bytes* out) {
  ServedStrataCall& self = Of(c);
  if (self.read_end_) return STRATA_OUT_OF_RANGE;
  std::string_view frame;
  if (!self.served_.Write(ToFrame(Frame::kMore)) || !self.served_.Read(&frame) || frame.empty()) {
    return STRATA_CANCELLED;
  }
  switch (static_cast<Frame>(frame.front())) {
    case Frame::kData:
      *out = abi::Bytes(frame.substr(1));
      return STRATA_OK;
    case Frame::kEnd:
      self.read_end_ = true;
      return STRATA_OUT_OF_RANGE;
    default:
      return STRATA_CANCELLED;
  }
}

std::int32_t ServedStrataCall::IsCancelled(strata_call* c) {
  return Of(c).served_.Cancelled() ? 1 : 0;
}

std::uint64_t ServedStrataCall::AddOnCancel(strata_call* c, void (*fn)(void*), void* arg) {
  return Of(c).served_.cancel().Add(fn, arg);
}

void ServedStrataCall::RemoveOnCancel(strata_call* c, std::uint64_t id) {
  Of(c).served_.cancel().Remove(id);
}

bool ReadHead(const ServedCall& served, v1::CallHead* head) {
  const std::string_view bytes = served.Header(kHeadKey);
  return !bytes.empty() && head->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace strata::isolation
