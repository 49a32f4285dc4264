#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <strata/cancel.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/gateway/grpc_core.h"

namespace strata::gateway {

// One forwarded call: between gRPC's callbacks, which never wait, and a plugin, which may, on a
// thread of the pool. Messages wait in two bounded queues. Deletes itself when gRPC is done with
// it. Thread-safe.
class GrpcCall final : public grpc::ServerGenericBidiReactor, private strata_call {
 public:
  GrpcCall(GrpcCore* core, grpc::GenericCallbackServerContext* context);

  // Looks the method up and starts; finishes the call if that cannot be.
  void Begin();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  ~GrpcCall() override;

  static GrpcCall& Of(strata_call* call) { return static_cast<GrpcCall&>(*call); }
  static strata_code OnWrite(strata_call* call, strata_bytes message);
  static strata_code OnRead(strata_call* call, strata_bytes* out);
  static std::int32_t IsCancelled(strata_call* call);
  static std::uint64_t AddOnCancel(strata_call* call, void (*fn)(void*), void* arg);
  static void RemoveOnCancel(strata_call* call, std::uint64_t id);
  static void SetStatus(strata_call* call, const strata_status* status);
  static void SetTrailer(strata_call* call, const strata_kv* kv);
  static const strata_call_ops kOneRequest;
  static const strata_call_ops kManyRequests;

  bool Admit();
  void Submit();
  void Run();  // on the pool
  strata_code CallTarget(host::Pin* pin, const host::Target& target);
  strata_code Read(strata_bytes* out);
  strata_code Write(std::string_view message);
  void Conclude(strata_code code);
  void ConcludeWith(Status status);
  void FinishNow(const grpc::Status& status);
  // Starts the next write, or the end of the call once it is due. Called without the lock.
  void Pump();
  bool Cancelled() const;
  void ReadContext();
  bool ResponsesAreOne() const { return kind_ == STRATA_UNARY || kind_ == STRATA_CLIENT_STREAM; }
  bool RequestsAreOne() const { return kind_ == STRATA_UNARY || kind_ == STRATA_SERVER_STREAM; }

  GrpcCore& core_;
  grpc::GenericCallbackServerContext& context_;
  const std::int64_t begun_us_;
  std::string method_;
  std::string slot_;
  std::string request_id_;
  std::string auth_;
  std::vector<strata_kv> kvs_;
  std::int32_t kind_ = STRATA_BIDI;
  bool is_stream_ = false;  // counts as one
  bool found_ = false;
  CancelSource cancel_;

  // Of the plugin's thread.
  grpc::Slice current_;
  std::string message_;
  std::string details_;
  std::vector<std::pair<std::string, std::string>> trailers_;

  base::Mutex mutex_;
  base::CondVar changed_;
  bool submitted_ STRATA_GUARDED_BY(mutex_) = false;
  bool gone_ STRATA_GUARDED_BY(mutex_) = false;  // cancelled, or a write failed
  bool reading_ STRATA_GUARDED_BY(mutex_) = false;
  bool read_end_ STRATA_GUARDED_BY(mutex_) = false;
  std::deque<grpc::ByteBuffer> received_ STRATA_GUARDED_BY(mutex_);
  std::size_t received_bytes_ STRATA_GUARDED_BY(mutex_) = 0;
  bool writing_ STRATA_GUARDED_BY(mutex_) = false;
  std::deque<grpc::ByteBuffer> outgoing_ STRATA_GUARDED_BY(mutex_);
  std::size_t outgoing_bytes_ STRATA_GUARDED_BY(mutex_) = 0;
  std::uint64_t responses_ STRATA_GUARDED_BY(mutex_) = 0;
  std::optional<grpc::Status> end_ STRATA_GUARDED_BY(mutex_);
  bool finished_ STRATA_GUARDED_BY(mutex_) = false;
  // Of gRPC while a read or a write is going on.
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_now_;
};

}  // namespace strata::gateway
