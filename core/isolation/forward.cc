#include "core/isolation/forward.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include <utility>

#include "core/isolation/call_client.h"
#include "core/isolation/frames.h"
#include "core/isolation/rpc_server.h"
#include "core/sdk/strata/abi.h"
#include "strata/isolation/v1/isolation.pb.h"

namespace strata::isolation {
namespace {

using grpc::ByteBuffer;
using grpc::internal::RpcMethod;

// One call on its way. Used by the thread that forwards it.
class Forwarding {
 public:
  Forwarding(grpc::Channel& channel, const std::string& method, const std::string& head,
             strata_call* c)
      : channel_(channel), method_(method), c_(*c) {
    context_.AddMetadata(kHeadKey, head);
    SetDeadline(c->deadline_us, &context_);
  }

  Forwarded Run(Shape shape) {
    const CancelLink link(&c_, &context_);
    grpc::Status status;
    switch (shape) {
      case Shape::kUnary:
        status = Unary();
        break;
      case Shape::kResponses:
        status = Responses();
        break;
      case Shape::kFramed:
        status = Framed();
        break;
    }
    return Conclude(status);
  }

 private:
  grpc::Status Unary() {
    ByteBuffer response;
    const grpc::Status status = grpc::internal::BlockingUnaryCall(
        &channel_, RpcMethod(method_.c_str(), RpcMethod::NORMAL_RPC), &context_,
        ToBuffer(abi::View(c_.request)), &response);
    if (status.ok()) static_cast<void>(Deliver(View(ToSlice(response))));
    return status;
  }

  grpc::Status Responses() {
    const std::unique_ptr<grpc::ClientReader<ByteBuffer>> stream(
        grpc::internal::ClientReaderFactory<ByteBuffer>::Create(
            &channel_, RpcMethod(method_.c_str(), RpcMethod::SERVER_STREAMING), &context_,
            ToBuffer(abi::View(c_.request))));
    ByteBuffer message;
    while (stream->Read(&message)) {
      if (!Deliver(View(ToSlice(message)))) break;
    }
    return stream->Finish();
  }

  grpc::Status Framed() {
    using Stream = grpc::ClientReaderWriter<ByteBuffer, ByteBuffer>;
    const std::unique_ptr<Stream> stream(
        grpc::internal::ClientReaderWriterFactory<ByteBuffer, ByteBuffer>::Create(
            &channel_, RpcMethod(method_.c_str(), RpcMethod::BIDI_STREAMING), &context_));
    ByteBuffer message;
    while (stream->Read(&message)) {
      const grpc::Slice slice = ToSlice(message);
      const std::string_view frame = View(slice);
      if (frame.empty()) continue;
      if (static_cast<Frame>(frame.front()) == Frame::kMore) {
        stream->Write(NextRequest());  // A failure shows in the next Read.
      } else if (!Deliver(frame.substr(1))) {
        break;
      }
    }
    return stream->Finish();
  }

  ByteBuffer NextRequest() {
    strata_bytes bytes{};
    const strata_code code = c_.ops->read(&c_, &bytes);
    if (code == STRATA_OK) return ToFrame(Frame::kData, abi::View(bytes));
    return ToFrame(code == STRATA_OUT_OF_RANGE ? Frame::kEnd : Frame::kBroken);
  }

  // False: the caller is gone or has heard enough.
  bool Deliver(std::string_view message) {
    out_.delivered = true;
    if (c_.ops->write(&c_, abi::Bytes(message)) == STRATA_OK) return true;
    refused_ = true;
    context_.TryCancel();
    return false;
  }

  Forwarded Conclude(const grpc::Status& status) {
    const auto& trailers = context_.GetServerTrailingMetadata();
    const auto end = trailers.find(kEndKey);
    const auto code = static_cast<strata_code>(status.error_code());
    // What this side, or the peer's gRPC, says while the connection is sound.
    const bool own = code == STRATA_DEADLINE_EXCEEDED || code == STRATA_RESOURCE_EXHAUSTED ||
                     code == STRATA_UNIMPLEMENTED || code == STRATA_INVALID_ARGUMENT ||
                     (code == STRATA_CANCELLED && IsCancelled(&c_));
    out_.broken = end == trailers.end() && !own && !refused_;
    if (end != trailers.end()) PassTrailers(end->second);
    // Who does not want the rest decides what that means.
    out_.code = refused_ ? STRATA_CANCELLED : out_.broken ? code : PassStatus(status, &c_);
    return out_;
  }

  void PassTrailers(grpc::string_ref bytes) {
    v1::CallEnd end;
    if (c_.ops->set_trailer == nullptr ||
        !end.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return;
    }
    for (const v1::Pair& pair : end.trailers()) {
      const strata_kv kv{abi::Str(pair.key()), abi::Bytes(pair.value())};
      c_.ops->set_trailer(&c_, &kv);
    }
  }

  grpc::Channel& channel_;
  const std::string& method_;
  strata_call& c_;
  grpc::ClientContext context_;
  Forwarded out_;
  bool refused_ = false;
};

}  // namespace

std::shared_ptr<grpc::Channel> ChannelOver(base::UniqueFd socket) {
  const int fd = socket.release();
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  return grpc::CreateCustomInsecureChannelFromFd("strata", fd, arguments);
}

Forwarded Forward(grpc::Channel& channel, const std::string& method, const std::string& head,
                  Shape shape, strata_call* c) {
  return Forwarding(channel, method, head, c).Run(shape);
}

Result<std::string> Ask(grpc::Channel& channel, const std::string& method,
                        const std::string& request, std::int64_t deadline_us) {
  grpc::ClientContext context;
  SetDeadline(deadline_us, &context);
  ByteBuffer response;
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall(&channel, RpcMethod(method.c_str(), RpcMethod::NORMAL_RPC),
                                        &context, ToBuffer(request), &response);
  if (!status.ok()) {
    return Status(static_cast<Code>(status.error_code()), std::string(status.error_message()));
  }
  return std::string(View(ToSlice(response)));
}

}  // namespace strata::isolation
