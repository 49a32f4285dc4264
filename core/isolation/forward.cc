#include "core/isolation/forward.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include <optional>
#include <utility>

#include "core/isolation/call_client.h"
#include "core/isolation/call_parts.h"
#include "core/isolation/frames.h"
#include "core/isolation/kept_requests.h"
#include "core/isolation/rpc_server.h"
#include "core/sdk/strata/abi.h"

namespace strata::isolation {
namespace {

using grpc::ByteBuffer;
using grpc::internal::RpcMethod;

// One call on its way. Used by the thread that forwards it.
class Forwarding {
 public:
  Forwarding(grpc::Channel& channel, const std::string& method, const std::string& head,
             KeptRequests* requests, strata_call* c)
      : channel_(channel), method_(method), requests_(*requests), c_(*c) {
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
        status = Responses(/*hold=*/false);
        break;
      case Shape::kRepeatable:
        status = Responses(/*hold=*/true);
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

  grpc::Status Responses(bool hold) {
    const std::unique_ptr<grpc::ClientReader<ByteBuffer>> stream(
        grpc::internal::ClientReaderFactory<ByteBuffer>::Create(
            &channel_, RpcMethod(method_.c_str(), RpcMethod::SERVER_STREAMING), &context_,
            ToBuffer(abi::View(c_.request))));
    ByteBuffer message;
    ByteBuffer held;
    bool holding = hold && stream->Read(&held);
    while (stream->Read(&message)) {
      if (std::exchange(holding, false) && !Deliver(View(ToSlice(held)))) break;
      if (!Deliver(View(ToSlice(message)))) break;
    }
    const grpc::Status status = stream->Finish();
    if (holding && !Broken(status)) static_cast<void>(Deliver(View(ToSlice(held))));
    return status;
  }

  grpc::Status Framed() {
    using Stream = grpc::ClientReaderWriter<ByteBuffer, ByteBuffer>;
    const std::unique_ptr<Stream> stream(
        grpc::internal::ClientReaderWriterFactory<ByteBuffer, ByteBuffer>::Create(
            &channel_, RpcMethod(method_.c_str(), RpcMethod::BIDI_STREAMING), &context_));
    ByteBuffer message;
    std::optional<grpc::Slice> held;
    const auto let_go = [&] {
      const std::optional<grpc::Slice> slice = std::exchange(held, std::nullopt);
      return !slice || Deliver(View(*slice).substr(1));
    };
    while (stream->Read(&message)) {
      grpc::Slice slice = ToSlice(message);
      const std::string_view frame = View(slice);
      if (frame.empty()) continue;
      const bool more = static_cast<Frame>(frame.front()) == Frame::kMore;
      if (!let_go()) break;
      if (more) {
        stream->Write(NextRequest());  // A failure shows in the next Read.
      } else if (!out_.delivered && requests_.whole()) {
        held = std::move(slice);
      } else if (!Deliver(frame.substr(1))) {
        break;
      }
    }
    const grpc::Status status = stream->Finish();
    if (!Broken(status)) static_cast<void>(let_go());
    return status;
  }

  ByteBuffer NextRequest() {
    strata_bytes bytes{};
    const strata_code code = requests_.Next(&bytes);
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

  // The peer has not ended the call, nor has this side.
  bool Broken(const grpc::Status& status) const {
    const auto code = static_cast<strata_code>(status.error_code());
    // What this side, or the peer's gRPC, says while the connection is sound.
    const bool own = code == STRATA_DEADLINE_EXCEEDED || code == STRATA_RESOURCE_EXHAUSTED ||
                     code == STRATA_UNIMPLEMENTED || code == STRATA_INVALID_ARGUMENT ||
                     (code == STRATA_CANCELLED && IsCancelled(&c_));
    return !context_.GetServerTrailingMetadata().contains(kEndKey) && !own && !refused_;
  }

  Forwarded Conclude(const grpc::Status& status) {
    const auto& trailers = context_.GetServerTrailingMetadata();
    const auto end = trailers.find(kEndKey);
    const auto code = static_cast<strata_code>(status.error_code());
    out_.broken = Broken(status);
    if (end != trailers.end()) PassTrailers(end->second);
    // Who does not want the rest decides what that means.
    out_.code = refused_ ? STRATA_CANCELLED : out_.broken ? code : PassStatus(status, &c_);
    return out_;
  }

  void PassTrailers(grpc::string_ref bytes) {
    v1::CallEnd end;
    if (end.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      isolation::PassTrailers(end.trailers(), &c_);
    }
  }

  grpc::Channel& channel_;
  const std::string& method_;
  KeptRequests& requests_;
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
                  Shape shape, KeptRequests* requests, strata_call* c) {
  return Forwarding(channel, method, head, requests, c).Run(shape);
}

Forwarded Forward(grpc::Channel& channel, const std::string& method, const std::string& head,
                  Shape shape, strata_call* c) {
  KeptRequests none(c, /*request_id_field=*/0);
  return Forward(channel, method, head, shape, &none, c);
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
