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
    : strata_call{},
      served_(*served),
      framed_(head.framed()),
      one_response_(one_response),
      token_(head.token()) {
  for (const v1::Pair& pair : head.metadata()) {
    kvs_.push_back({abi::Str(pair.key()), abi::Bytes(pair.value())});
  }
  struct_size = sizeof(strata_call);
  flags = head.flags();
  ops = &kOps[framed_ ? 1 : 0][may_finish ? 1 : 0];
  deadline_us = served->deadline_us();
  metadata = kvs_.data();
  metadata_count = kvs_.size();
  auth = abi::Bytes(head.auth());
}

bool ServedStrataCall::TakeRequest() {
  std::string_view bytes;
  if (framed_) return true;
  if (!served_.Read(&bytes)) return false;
  request = abi::Bytes(bytes);
  return true;
}

strata_code ServedStrataCall::Await() {
  const base::MutexLock lock(finish_mutex_);
  while (!finished_) finish_changed_.Wait(finish_mutex_);
  return finish_code_;
}

void ServedStrataCall::End(strata_code code) {
  v1::CallEnd end;
  for (auto& [key, value] : trailers_) {
    v1::Pair* const pair = end.add_trailers();
    pair->set_key(std::move(key));
    pair->set_value(std::move(value));
  }
  std::string_view rule;
  if (code < STRATA_OK || code > STRATA_UNAUTHENTICATED) rule = "answered with a code that is none";
  if (one_response_ && responses_ > 1) rule = "more than one response";
  if (one_response_ && responses_ == 0 && code == STRATA_OK) rule = "OK without a response";
  Status status;
  if (!rule.empty()) {
    status = Internal(std::string(rule));
  } else if (code != STRATA_OK) {
    status = Status(static_cast<Code>(code), std::move(message_)).WithDetails(std::move(details_));
  }
  const std::string bytes = end.SerializeAsString();
  served_.End(status, &bytes);
}

strata_code ServedStrataCall::OnWrite(strata_call* c, strata_bytes message) {
  ServedStrataCall& self = Of(c);
  if (++self.responses_ > 1 && self.one_response_) return STRATA_INTERNAL;
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

void ServedStrataCall::SetStatus(strata_call* c, const strata_status* status) {
  Of(c).message_ = abi::View(status->message);
  Of(c).details_ = abi::View(status->details);
}

void ServedStrataCall::SetTrailer(strata_call* c, const strata_kv* kv) {
  Of(c).trailers_.emplace_back(abi::View(kv->key), abi::View(kv->value));
}

void ServedStrataCall::Finish(strata_call* c, strata_code code) {
  ServedStrataCall& self = Of(c);
  const base::MutexLock lock(self.finish_mutex_);
  self.finish_code_ = code;
  self.finished_ = true;
  self.finish_changed_.NotifyAll();
}

bool ReadHead(const ServedCall& served, v1::CallHead* head) {
  const std::string_view bytes = served.Header(kHeadKey);
  return !bytes.empty() && head->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace strata::isolation
