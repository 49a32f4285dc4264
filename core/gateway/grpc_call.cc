#include "core/gateway/grpc_call.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/gateway/exchange_codec.h"
#include "core/gateway/request_id.h"

namespace strata::gateway {
namespace {

using std::chrono::microseconds;

std::int64_t NowUs() {
  return std::chrono::duration_cast<microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string_view View(grpc::string_ref s) { return {s.data(), s.size()}; }
std::string_view View(strata_str s) { return {s.data, s.size}; }
std::string_view View(strata_bytes b) { return {reinterpret_cast<const char*>(b.data), b.size}; }
strata_str Str(std::string_view s) { return {s.data(), s.size()}; }
strata_bytes Bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

// Of the transport, of the gateway, or not for plugins to see.
bool Withheld(std::string_view key) {
  return key.starts_with(":") || key.starts_with("grpc-") || key.starts_with("strata-") ||
         key == "user-agent" || key == "te" || key == "content-type" || key == "authorization" ||
         key == "x-request-id";
}

// What gRPC sends without a complaint (it aborts on others).
bool IsTrailer(std::string_view key, std::string_view value) {
  const auto key_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  const auto value_char = [](char c) { return c >= 0x20 && c <= 0x7e; };
  return !key.empty() && std::all_of(key.begin(), key.end(), key_char) &&
         (key.ends_with("-bin") || std::all_of(value.begin(), value.end(), value_char));
}

// "ipv4:127.0.0.1:4242" -> "127.0.0.1"; "unix:" -> "unix".
std::string PeerAddress(std::string_view peer) {
  const std::size_t scheme = peer.find(':');
  const std::size_t port = peer.rfind(':');
  if (scheme == port || !peer.starts_with("ipv")) return std::string(peer.substr(0, scheme));
  return std::string(peer.substr(scheme + 1, port - scheme - 1));
}

std::int64_t DeadlineUs(const grpc::GenericCallbackServerContext& context) {
  using Clock = std::chrono::system_clock;
  const Clock::time_point deadline = context.deadline();
  if (deadline == Clock::time_point::max()) return 0;
  const auto left = std::chrono::duration_cast<microseconds>(deadline - Clock::now());
  constexpr microseconds kForever = std::chrono::hours(24 * 365);
  return left > kForever ? 0 : std::max<std::int64_t>(NowUs() + left.count(), 1);
}

grpc::Status ToGrpc(const Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      status.details());
}

}  // namespace

const strata_call_ops GrpcCall::kOneRequest = {
    sizeof(strata_call_ops), &GrpcCall::OnWrite,     nullptr,
    &GrpcCall::IsCancelled,  &GrpcCall::AddOnCancel, &GrpcCall::RemoveOnCancel,
    &GrpcCall::SetStatus,    &GrpcCall::SetTrailer,  nullptr};

const strata_call_ops GrpcCall::kManyRequests = {
    sizeof(strata_call_ops), &GrpcCall::OnWrite,     &GrpcCall::OnRead,
    &GrpcCall::IsCancelled,  &GrpcCall::AddOnCancel, &GrpcCall::RemoveOnCancel,
    &GrpcCall::SetStatus,    &GrpcCall::SetTrailer,  nullptr};

GrpcCall::GrpcCall(GrpcCore* core, grpc::GenericCallbackServerContext* context)
    : strata_call{},
      core_(*core),
      context_(*context),
      begun_us_(NowUs()),
      method_(context->method()) {
  core_.calls.fetch_add(1);
}

GrpcCall::~GrpcCall() {
  core_.calls.fetch_sub(1);
  if (is_stream_) core_.streams.fetch_sub(1);
}

// ---- gRPC's side -------------------------------------------------------------------------------

void GrpcCall::Begin() {
  ReadContext();
  if (!Admit()) return;
  if (RequestsAreOne()) {
    // No thread is held while the request is on its way.
    {
      const base::MutexLock lock(mutex_);
      reading_ = true;
    }
    StartRead(&incoming_);
  } else {
    Submit();
  }
}

// Without waiting: a gate that is closed now is waited for on the pool.
bool GrpcCall::Admit() {
  Result<std::unique_ptr<host::Pin>> pin = core_.ingress.Enter(NowUs());
  if (pin.ok()) {
    const Result<host::Target> target = (*pin)->FindMethod(slot_, method_);
    if (!target.ok()) {
      ConcludeWith(target.status());
      return false;
    }
    kind_ = (*target).kind;
    found_ = true;
  }
  if (kind_ != STRATA_UNARY) {
    is_stream_ = true;
    if (core_.streams.fetch_add(1) >= core_.options.stream_slots) {
      ConcludeWith(ResourceExhausted("too many streams at this time; try again"));
      return false;
    }
  }
  return true;
}

void GrpcCall::ReadContext() {
  std::string_view wanted;
  for (const auto& [key, value] : context_.client_metadata()) {
    if (View(key) == "strata-slot") slot_ = View(value);
    if (View(key) == "x-request-id") wanted = View(value);
    if (!Withheld(View(key))) kvs_.push_back({Str(View(key)), Bytes(View(value))});
  }
  request_id_ = IsSaneRequestId(wanted)
                    ? std::string(wanted)
                    : "g" + std::to_string(core_.last_request.fetch_add(1) + 1) + "-" +
                          std::to_string(begun_us_ % 1'000'000);
  EncodeLocalAuth(request_id_, PeerAddress(context_.peer()), &auth_);
  deadline_us = DeadlineUs(context_);
}

void GrpcCall::Submit() {
  {
    const base::MutexLock lock(mutex_);
    submitted_ = true;
  }
  if (core_.pool.Submit([this] { Run(); })) return;
  ConcludeWith(ResourceExhausted("too many calls at this time; try again"));
}

void GrpcCall::OnReadDone(bool ok) {
  bool submit = false;
  bool refuse = false;
  bool read_on = false;
  {
    const base::MutexLock lock(mutex_);
    reading_ = false;
    if (ok) {
      received_bytes_ += incoming_.Length();
      received_.push_back(std::move(incoming_));
      incoming_ = grpc::ByteBuffer();
    } else {
      read_end_ = true;
    }
    submit = ok && !submitted_;
    refuse = !ok && !submitted_;
    read_on = ok && submitted_ && received_.size() < core_.options.queued_messages &&
              received_bytes_ < core_.options.queued_bytes;
    reading_ = read_on;
    changed_.NotifyAll();
  }
  if (read_on) StartRead(&incoming_);
  if (refuse) ConcludeWith(InvalidArgument("the call carries no request message"));
  if (submit) Submit();
}

void GrpcCall::OnWriteDone(bool ok) {
  {
    const base::MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) {
      gone_ = true;
      outgoing_.clear();
    }
    changed_.NotifyAll();
  }
  Pump();
}

void GrpcCall::OnCancel() {
  {
    const base::MutexLock lock(mutex_);
    gone_ = true;
    outgoing_.clear();
    changed_.NotifyAll();
  }
  cancel_.Cancel();
}

void GrpcCall::OnDone() { delete this; }

// After the end was started nothing of this object may be touched: gRPC deletes it.
void GrpcCall::Pump() {
  std::optional<grpc::Status> end;
  bool last_write = false;
  {
    const base::MutexLock lock(mutex_);
    if (writing_ || finished_) return;
    if (!outgoing_.empty()) {
      // The only response of an OK call goes out together with its end.
      last_write = ResponsesAreOne() && end_ && end_->ok();
      if (ResponsesAreOne() && !end_) return;
      if (ResponsesAreOne() && !last_write) outgoing_.clear();
    }
    if (!outgoing_.empty()) {
      outgoing_now_ = std::move(outgoing_.front());
      outgoing_.pop_front();
      outgoing_bytes_ -= outgoing_now_.Length();
      writing_ = true;
      finished_ = last_write;
      end = last_write ? end_ : std::nullopt;
      changed_.NotifyAll();
    } else if (end_) {
      finished_ = true;
      end = end_;
    } else {
      return;
    }
  }
  if (last_write) {
    StartWriteAndFinish(&outgoing_now_, grpc::WriteOptions(), *end);
  } else if (end) {
    Finish(*end);
  } else {
    StartWrite(&outgoing_now_);
  }
}

// ---- the plugin's side -------------------------------------------------------------------------

void GrpcCall::Run() {
  const std::int64_t default_us = NowUs() + core_.options.request_timeout.count() * 1000;
  Result<std::unique_ptr<host::Pin>> pin =
      core_.ingress.Enter(deadline_us != 0 ? deadline_us : default_us);
  if (!pin.ok()) return ConcludeWith(pin.status());
  const Result<host::Target> target = (*pin)->FindMethod(slot_, method_);
  if (!target.ok()) return ConcludeWith(target.status());
  if (found_ && kind_ != (*target).kind) {
    return ConcludeWith(Unavailable("the method was replaced meanwhile; try again"));
  }
  if (!found_) kind_ = (*target).kind;  // nothing has been started yet
  found_ = true;
  slot_ = (*target).slot;
  if (deadline_us == 0 && kind_ == STRATA_UNARY) deadline_us = default_us;
  const strata_code code = CallTarget(pin->get(), *target);
  (*pin).reset();
  Conclude(code);
}

strata_code GrpcCall::CallTarget(host::Pin* pin, const host::Target& target) {
  struct_size = sizeof(strata_call);
  flags = target.idempotent ? STRATA_CALL_RETRYABLE : 0;
  ops = RequestsAreOne() ? &kOneRequest : &kManyRequests;
  metadata = kvs_.data();
  metadata_count = kvs_.size();
  auth = Bytes(auth_);
  if (RequestsAreOne()) {
    strata_bytes bytes{};
    const strata_code code = Read(&bytes);
    if (code != STRATA_OK) return code == STRATA_OUT_OF_RANGE ? STRATA_INVALID_ARGUMENT : code;
    request = bytes;
  }
  return pin->Call(target, this);
}

strata_code GrpcCall::Read(strata_bytes* out) {
  bool read_on = false;
  {
    const base::MutexLock lock(mutex_);
    if (received_.empty() && !reading_ && !read_end_) {
      reading_ = read_on = true;
    }
  }
  if (read_on) StartRead(&incoming_);
  read_on = false;
  {
    const base::MutexLock lock(mutex_);
    while (received_.empty() && !read_end_ && !gone_) changed_.Wait(mutex_);
    if (gone_) return STRATA_CANCELLED;
    if (received_.empty()) return STRATA_OUT_OF_RANGE;
    current_ = ToSlice(received_.front());
    received_bytes_ -= received_.front().Length();
    received_.pop_front();
    read_on = !RequestsAreOne() && !reading_ && !read_end_;
    reading_ = reading_ || read_on;
  }
  if (read_on) StartRead(&incoming_);
  *out = Bytes(gateway::View(current_));
  return STRATA_OK;
}

strata_code GrpcCall::Write(std::string_view message) {
  {
    const base::MutexLock lock(mutex_);
    while (!gone_ && !ResponsesAreOne() &&
           (outgoing_.size() >= core_.options.queued_messages ||
            outgoing_bytes_ >= core_.options.queued_bytes)) {
      changed_.Wait(mutex_);
    }
    if (gone_) return STRATA_CANCELLED;
    if (ResponsesAreOne() && responses_ > 0) return STRATA_INTERNAL;
    ++responses_;
    outgoing_bytes_ += message.size();
    outgoing_.push_back(ToByteBuffer(message));
  }
  if (!ResponsesAreOne()) Pump();
  return STRATA_OK;
}

void GrpcCall::Conclude(strata_code code) {
  bool answered = false;
  {
    const base::MutexLock lock(mutex_);
    answered = !ResponsesAreOne() || responses_ == 1;
  }
  if (code == STRATA_OK) {
    ConcludeWith(answered ? OkStatus() : Internal("the plugin gave no response"));
    return;
  }
  const bool known = code > 0 && code <= STRATA_UNAUTHENTICATED;
  if (message_.empty() && code == STRATA_CANCELLED && Cancelled()) message_ = "cancelled";
  ConcludeWith(Status(known ? static_cast<Code>(code) : Code::kUnknown, std::move(message_))
                   .WithDetails(std::move(details_)));
}

void GrpcCall::ConcludeWith(Status status) {
  for (const auto& [key, value] : trailers_) context_.AddTrailingMetadata(key, value);
  context_.AddTrailingMetadata("x-request-id", request_id_);
  core_.finished[static_cast<std::size_t>(status.code())].fetch_add(1, std::memory_order_relaxed);
  if (core_.options.access_log) {
    GrpcAccessRecord record;
    record.request_id = request_id_;
    if (found_) record.method = method_;
    if (found_) record.slot = slot_;
    record.code = status.code();
    record.duration = microseconds(NowUs() - begun_us_);
    core_.options.access_log(record);
  }
  {
    const base::MutexLock lock(mutex_);
    if (gone_) outgoing_.clear();
    end_ = ToGrpc(status);
  }
  Pump();
}

bool GrpcCall::Cancelled() const {
  return cancel_.cancelled() || (deadline_us != 0 && NowUs() >= deadline_us);
}

// ---- strata_call_ops ---------------------------------------------------------------------------

strata_code GrpcCall::OnWrite(strata_call* call, strata_bytes message) {
  return Of(call).Write(View(message));
}

strata_code GrpcCall::OnRead(strata_call* call, strata_bytes* out) { return Of(call).Read(out); }

std::int32_t GrpcCall::IsCancelled(strata_call* call) { return Of(call).Cancelled() ? 1 : 0; }

std::uint64_t GrpcCall::AddOnCancel(strata_call* call, void (*fn)(void*), void* arg) {
  return Of(call).cancel_.Add(fn, arg);
}

void GrpcCall::RemoveOnCancel(strata_call* call, std::uint64_t id) { Of(call).cancel_.Remove(id); }

void GrpcCall::SetStatus(strata_call* call, const strata_status* status) {
  Of(call).message_ = View(status->message);
  Of(call).details_ = View(status->details);
}

void GrpcCall::SetTrailer(strata_call* call, const strata_kv* kv) {
  const std::string_view key = View(kv->key);
  const std::string_view value = View(kv->value);
  if (key.starts_with("grpc-") || key.starts_with("strata-") || !IsTrailer(key, value)) return;
  Of(call).trailers_.emplace_back(key, value);
}

}  // namespace strata::gateway
