#include "core/cli/client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>

namespace strata::cli {
namespace {

constexpr int kMaxMessageBytes = 64 << 20;

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& at) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  // Loopback only: a proxy of the environment must never see these calls.
  arguments.SetInt("grpc.enable_http_proxy", 0);
  return grpc::CreateCustomChannel(at, grpc::InsecureChannelCredentials(), arguments);
}

Status FromGrpc(const grpc::Status& status, std::string_view at) {
  if (status.ok()) return OkStatus();
  std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    message = "no stack answers at " + std::string(at) + " (" + message +
              "); start one with `strata up`, or name its gRPC address with --at or STRATA_AT";
  }
  return {static_cast<Code>(status.error_code()), std::move(message)};
}

Status CallBytes(const std::shared_ptr<grpc::Channel>& channel, std::string_view at,
                 const std::string& method, const std::vector<std::string>& requests,
                 const std::string& slot, std::chrono::milliseconds timeout,
                 const std::function<void(const std::string&)>& on_message) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  if (!slot.empty()) context.AddMetadata("strata-slot", slot);
  grpc::CompletionQueue queue;
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto stream = stub.PrepareCall(&context, method, &queue);
  stream->StartCall(nullptr);
  bool open = next();
  for (const std::string& request : requests) {
    if (!open) break;
    grpc::Slice slice(request);
    stream->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    open = next();
  }
  if (open) {
    stream->WritesDone(nullptr);
    next();
  }
  for (grpc::ByteBuffer answer; open;) {
    stream->Read(&answer, nullptr);
    open = next();
    if (open) on_message(ToString(answer));
  }
  grpc::Status status;
  stream->Finish(&status, nullptr);
  next();
  queue.Shutdown();
  return FromGrpc(status, at);
}

}  // namespace strata::cli
