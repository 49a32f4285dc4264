#include "core/isolation/plain_forward.h"

#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "core/gateway/wire.h"
#include "core/isolation/call_client.h"
#include "core/isolation/frames.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

using grpc::ByteBuffer;
using grpc::internal::RpcMethod;
using Stream = grpc::ClientReaderWriter<ByteBuffer, ByteBuffer>;

bool Withheld(std::string_view key) {
  return key.starts_with("grpc-") || key.starts_with("strata-") || key.starts_with(":");
}

// What gRPC sends without a complaint (it aborts on others).
bool IsHeader(std::string_view key, std::string_view value) {
  const auto key_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  const auto value_char = [](char c) { return c >= 0x20 && c <= 0x7e; };
  return !key.empty() && std::all_of(key.begin(), key.end(), key_char) &&
         (key.ends_with("-bin") || std::all_of(value.begin(), value.end(), value_char));
}

class Plain {
 public:
  Plain(grpc::Channel& channel, const std::string& method, strata_call* c)
      : channel_(channel), method_(method), c_(*c) {
    for (std::size_t i = 0; i < c->metadata_count; ++i) {
      const std::string_view key = abi::View(c->metadata[i].key);
      const std::string_view value = abi::View(c->metadata[i].value);
      if (!Withheld(key) && IsHeader(key, value)) {
        context_.AddMetadata(std::string(key), std::string(value));
      }
    }
    context_.AddMetadata(kAuthKey, std::string(abi::View(c->auth)));
    SetDeadline(c->deadline_us, &context_);
  }

  Forwarded Run(std::int32_t kind) {
    const CancelLink link(&c_, &context_);
    if (kind == STRATA_UNARY) return Conclude(Unary());
    if (kind == STRATA_SERVER_STREAM) return Conclude(Responses());
    return Conclude(kind == STRATA_CLIENT_STREAM ? Requests() : Both());
  }

 private:
  grpc::Status Unary() {
    ByteBuffer response;
    const grpc::Status status = grpc::internal::BlockingUnaryCall(
        &channel_, RpcMethod(method_.c_str(), RpcMethod::NORMAL_RPC), &context_,
        ToBuffer(abi::View(c_.request)), &response);
    if (status.ok()) static_cast<void>(Deliver(response));
    return status;
  }

  grpc::Status Responses() {
    const std::unique_ptr<grpc::ClientReader<ByteBuffer>> stream(
        grpc::internal::ClientReaderFactory<ByteBuffer>::Create(
            &channel_, RpcMethod(method_.c_str(), RpcMethod::SERVER_STREAMING), &context_,
            ToBuffer(abi::View(c_.request))));
    ByteBuffer message;
    while (stream->Read(&message) && Deliver(message)) {
    }
    return stream->Finish();
  }

  std::unique_ptr<Stream> Open(RpcMethod::RpcType type) {
    return std::unique_ptr<Stream>(
        grpc::internal::ClientReaderWriterFactory<ByteBuffer, ByteBuffer>::Create(
            &channel_, RpcMethod(method_.c_str(), type), &context_));
  }

  grpc::Status Requests() {
    const auto stream = Open(RpcMethod::CLIENT_STREAMING);
    Send(stream.get());
    ByteBuffer response;
    if (stream->Read(&response)) static_cast<void>(Deliver(response));
    return stream->Finish();
  }

  grpc::Status Both() {
    const auto stream = Open(RpcMethod::BIDI_STREAMING);
    std::thread sender([this, &stream] {
      pthread_setname_np(pthread_self(), "strata-requests");
      Send(stream.get());
    });
    ByteBuffer message;
    while (stream->Read(&message) && Deliver(message)) {
    }
    ended_ = true;
    sender.join();
    return stream->Finish();
  }

  void Send(Stream* stream) {
    while (!ended_) {
      strata_bytes bytes{};
      const strata_code code = c_.ops->read(&c_, &bytes);
      if (code == STRATA_OUT_OF_RANGE) {
        stream->WritesDone();
        return;
      }
      if (code != STRATA_OK) {  // It broke: the server must not take what it got for all.
        context_.TryCancel();
        return;
      }
      if (!stream->Write(ToBuffer(abi::View(bytes)))) return;
    }
  }

  bool Deliver(const ByteBuffer& message) {
    out_.delivered = true;
    const grpc::Slice slice = ToSlice(message);
    if (c_.ops->write(&c_, abi::Bytes(View(slice))) == STRATA_OK) return true;
    refused_ = true;
    context_.TryCancel();
    return false;
  }

  Forwarded Conclude(const grpc::Status& status) {
    for (const auto& [key, value] : context_.GetServerTrailingMetadata()) {
      const std::string_view name(key.data(), key.size());
      if (Withheld(name) || c_.ops->set_trailer == nullptr) continue;
      const strata_kv kv{abi::Str(name), abi::Bytes({value.data(), value.size()})};
      c_.ops->set_trailer(&c_, &kv);
    }
    out_.broken = status.error_code() == grpc::StatusCode::UNAVAILABLE &&
                  channel_.GetState(false) != GRPC_CHANNEL_READY;
    out_.code = refused_ ? STRATA_CANCELLED : PassStatus(status, &c_);
    return out_;
  }

  grpc::Channel& channel_;
  const std::string& method_;
  strata_call& c_;
  grpc::ClientContext context_;
  Forwarded out_;
  std::atomic<bool> ended_{false};
  bool refused_ = false;
};

}  // namespace

Forwarded ForwardPlain(grpc::Channel& channel, const std::string& method, std::int32_t kind,
                       strata_call* c) {
  return Plain(channel, method, c).Run(kind);
}

Status CheckServer(grpc::Channel& channel, std::int64_t deadline_us) {
  constexpr std::uint64_t kServing = 1;  // grpc.health.v1.HealthCheckResponse.SERVING
  const auto answer = Ask(channel, "/grpc.health.v1.Health/Check", {}, deadline_us);
  if (answer.status().code() == Code::kUnimplemented) return OkStatus();
  if (!answer.ok()) return Unavailable("not reached: " + answer.status().message());
  gateway::WireReader reader(*answer);
  std::uint64_t status = 0;
  while (reader.Next()) {
    if (reader.field() == 1) status = reader.number();
  }
  return status == kServing ? OkStatus()
                            : FailedPrecondition("the server says that it does not serve");
}

}  // namespace strata::isolation
