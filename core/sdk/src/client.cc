#include "strata/client.h"

#include <exception>
#include <utility>

#include "core/base/mutex.h"
#include "core/sdk/src/wire.h"

namespace strata::sdk {

using google::protobuf::MessageLite;

// The caller's side of one call: what the callee reaches through strata_call.ops.
struct Channel::Call : strata_call {
  explicit Call(const Context& cx) : strata_call{}, context(cx) {}

  const Context& context;
  MessageLite* out = nullptr;             // filled by write
  FunctionRef<bool()>* on_row = nullptr;  // streaming responses, else exactly one
  MessageLite* in = nullptr;              // filled by next
  FunctionRef<bool()>* next = nullptr;
  std::string buffer;  // request of the stream being read by the callee
  std::string message;
  std::string details;
  // A gRPC server is read ahead: requests and responses then come from two threads.
  base::Mutex mutex;
  std::exception_ptr thrown;  // by the caller's own callback: rethrown once the callee is done
  std::uint32_t responses = 0;
  bool stopped = false;  // on_row() has heard enough
  bool garbled = false;  // a response did not parse

  static Call& Of(strata_call* c) { return static_cast<Call&>(*c); }

  bool Consume() {
    try {
      return (*on_row)();
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
  }

  static strata_code Write(strata_call* c, strata_bytes bytes) {
    Call& self = Of(c);
    const base::MutexLock lock(self.mutex);
    if (self.stopped || self.garbled) return STRATA_CANCELLED;
    ++self.responses;
    if (self.on_row == nullptr && self.responses > 1) return STRATA_INTERNAL;
    self.garbled = !Parse(bytes, self.out);
    if (self.garbled) return STRATA_INTERNAL;
    if (self.on_row != nullptr) self.stopped = !self.Consume();
    return self.stopped ? STRATA_CANCELLED : STRATA_OK;
  }

  static strata_code Read(strata_call* c, strata_bytes* bytes) {
    Call& self = Of(c);
    const base::MutexLock lock(self.mutex);
    if (self.thrown) return STRATA_CANCELLED;
    if (self.next == nullptr) return STRATA_OUT_OF_RANGE;
    try {
      if (!(*self.next)()) {
        self.next = nullptr;
        return STRATA_OUT_OF_RANGE;
      }
      *bytes = SerializeTo(*self.in, &self.buffer);
      return STRATA_OK;
    } catch (...) {
      self.thrown = std::current_exception();
      return STRATA_CANCELLED;
    }
  }

  static std::int32_t IsCancelled(strata_call* c) { return Of(c).context.Cancelled() ? 1 : 0; }

  static std::uint64_t OnCancel(strata_call* c, void (*fn)(void*), void* arg) {
    return Of(c).context.AddCancelCallback(fn, arg);
  }

  static void OffCancel(strata_call* c, std::uint64_t id) {
    Of(c).context.RemoveCancelCallback(id);
  }

  static void SetStatus(strata_call* c, const strata_status* status) {
    Of(c).message.assign(abi::View(status->message));
    Of(c).details.assign(abi::View(status->details));
  }

  static void SetTrailer(strata_call* c, const strata_kv* kv) {
    if (Metadata* trailers = Of(c).context.trailers()) {
      trailers->emplace_back(abi::View(kv->key), abi::View(kv->value));
    }
  }

  static constexpr strata_call_ops kOneRequest = {sizeof(strata_call_ops),
                                                  &Write,
                                                  nullptr,
                                                  &IsCancelled,
                                                  &OnCancel,
                                                  &OffCancel,
                                                  &SetStatus,
                                                  &SetTrailer,
                                                  nullptr};
  static constexpr strata_call_ops kManyRequests = {sizeof(strata_call_ops),
                                                    &Write,
                                                    &Read,
                                                    &IsCancelled,
                                                    &OnCancel,
                                                    &OffCancel,
                                                    &SetStatus,
                                                    &SetTrailer,
                                                    nullptr};
};

namespace {

std::string FullName(const strata_method& method) {
  return std::string(abi::View(method.full_name));
}

}  // namespace

Channel::Channel(Host host, std::string_view binding, std::span<const strata_method> methods)
    : host_(host.raw()), methods_(methods), binding_(binding) {
  handles_.reserve(methods.size());
  for (const strata_method& method : methods) {
    handles_.push_back(host_->resolve(host_, abi::Str(binding), method.full_name));
    bound_ = bound_ || handles_.back() != 0;
  }
}

Status Channel::Run(std::size_t method, const Context& parent, Call* call) const {
  if (handles_[method] == 0) {
    return FailedPrecondition("the manifest requires no binding \"" + binding_ + "\" with " +
                              FullName(methods_[method]));
  }
  call->struct_size = sizeof(strata_call);
  call->flags =
      (methods_[method].flags & STRATA_METHOD_IDEMPOTENT) != 0 ? STRATA_CALL_RETRYABLE : 0;
  call->ops = call->next != nullptr ? &Call::kManyRequests : &Call::kOneRequest;
  call->method = handles_[method];
  call->deadline_us = parent.deadline_us();
  call->metadata = parent.metadata();
  call->metadata_count = parent.metadata_count();
  call->parent = parent.call();
  const strata_code code = host_->call(host_, call);
  if (call->thrown) std::rethrow_exception(call->thrown);
  if (call->garbled) return Internal("a response of " + FullName(methods_[method]) + " is garbled");
  if (call->stopped) return {};
  if (code == STRATA_OK) {
    if (call->on_row != nullptr || call->responses == 1) return {};
    return Internal(FullName(methods_[method]) + " must answer with exactly one message");
  }
  return Status(abi::ToCode(code), std::move(call->message)).WithDetails(std::move(call->details));
}

Status Channel::Unary(std::size_t method, const Context& parent, const MessageLite& request,
                      MessageLite* response) const {
  Serialized serialized(request);
  Call call(parent);
  call.request = serialized.bytes();
  call.out = response;
  return Run(method, parent, &call);
}

Status Channel::ServerStream(std::size_t method, const Context& parent, const MessageLite& request,
                             MessageLite* row, FunctionRef<bool()> on_row) const {
  Serialized serialized(request);
  Call call(parent);
  call.request = serialized.bytes();
  call.out = row;
  call.on_row = &on_row;
  return Run(method, parent, &call);
}

Status Channel::ClientStream(std::size_t method, const Context& parent, MessageLite* request,
                             FunctionRef<bool()> next, MessageLite* response) const {
  Call call(parent);
  call.in = request;
  call.next = &next;
  call.out = response;
  return Run(method, parent, &call);
}

Status Channel::Bidi(std::size_t method, const Context& parent, MessageLite* request,
                     FunctionRef<bool()> next, MessageLite* row, FunctionRef<bool()> on_row) const {
  Call call(parent);
  call.in = request;
  call.next = &next;
  call.out = row;
  call.on_row = &on_row;
  return Run(method, parent, &call);
}

}  // namespace strata::sdk
