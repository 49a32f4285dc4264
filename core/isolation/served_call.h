#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <strata/cancel.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/isolation/frames.h"

namespace strata::isolation {

// One call from the peer: between gRPC's callbacks, which never wait, and a handler on a thread of
// its own, which may. Deletes itself when both are done with it. The handler uses it from one
// thread at a time.
class ServedCall final : public grpc::ServerGenericBidiReactor {
 public:
  ServedCall(grpc::GenericCallbackServerContext* context, std::function<bool(ServedCall*)> submit,
             std::function<void()> gone);

  // Called once by whoever made it. `one_request`: submits it when that has arrived, else at once.
  void Begin(bool one_request);
  // Without a handler.
  void Refuse(const Status& status);

  // ---- for the handler
  const std::string& method() const { return method_; }
  // Value of a header; empty: it is not there.
  std::string_view Header(std::string_view key) const;
  // CLOCK_MONOTONIC microseconds; 0: none.
  std::int64_t deadline_us() const { return deadline_us_; }
  CancelSource& cancel() { return cancel_; }
  bool Cancelled() const;

  // Waits for the next message; false: no more will come. *out is valid until the next Read.
  bool Read(std::string_view* out);
  // Waits while too much is on its way; false: the peer is gone.
  bool Write(grpc::ByteBuffer message);
  // Ends the call: the last thing that the handler does. `end`: the trailer kEndKey; null: none.
  void End(const Status& status, const std::string* end);
  // The call has one response: it goes out together with the end.
  void HoldResponse();

  // ---- for gRPC
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  ~ServedCall() override;

  void Pump();

  grpc::GenericCallbackServerContext& context_;
  const std::function<bool(ServedCall*)> submit_;
  const std::function<void()> gone_callback_;
  const std::string method_;
  const std::int64_t deadline_us_;
  CancelSource cancel_;
  grpc::Slice current_;  // Of the handler.

  base::Mutex mutex_;
  base::CondVar changed_;
  bool submitted_ STRATA_GUARDED_BY(mutex_) = false;
  bool gone_ STRATA_GUARDED_BY(mutex_) = false;
  bool reading_ STRATA_GUARDED_BY(mutex_) = false;
  bool read_end_ STRATA_GUARDED_BY(mutex_) = false;
  std::optional<grpc::ByteBuffer> received_ STRATA_GUARDED_BY(mutex_);
  bool writing_ STRATA_GUARDED_BY(mutex_) = false;
  std::deque<grpc::ByteBuffer> outgoing_ STRATA_GUARDED_BY(mutex_);
  std::size_t outgoing_bytes_ STRATA_GUARDED_BY(mutex_) = 0;
  std::optional<grpc::Status> end_ STRATA_GUARDED_BY(mutex_);
  bool finished_ STRATA_GUARDED_BY(mutex_) = false;
  bool hold_ STRATA_GUARDED_BY(mutex_) = false;  // Until its end: one response, one batch.
  // Of gRPC while a read or a write is going on.
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_now_;
};

}  // namespace strata::isolation
