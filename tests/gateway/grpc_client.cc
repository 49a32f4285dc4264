#include "tests/gateway/grpc_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>

namespace strata::testing {
namespace {

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  static_cast<void>(buffer.Dump(&slices));
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

GrpcClient::GrpcClient(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

GrpcReply GrpcClient::Call(const std::string& method, const std::vector<std::string>& messages,
                           grpc::ClientContext* context) const {
  grpc::ClientContext own;
  if (context == nullptr) {
    context = &own;
    own.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }
  grpc::CompletionQueue queue;
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::GenericStub stub(channel_);
  auto call = stub.PrepareCall(context, method, &queue);
  GrpcReply reply;
  call->StartCall(nullptr);
  bool ok = next();
  for (const std::string& message : messages) {
    if (!ok) break;
    call->Write(ToBuffer(message), nullptr);
    ok = next();
  }
  if (ok) {
    call->WritesDone(nullptr);
    next();
  }
  while (true) {
    grpc::ByteBuffer buffer;
    call->Read(&buffer, nullptr);
    if (!next()) break;
    reply.messages.push_back(ToString(buffer));
  }
  call->Finish(&reply.status, nullptr);
  next();
  return reply;
}

GrpcStream::GrpcStream(const GrpcClient& client, const std::string& method) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  grpc::GenericStub stub(client.channel());
  call_ = stub.PrepareCall(&context_, method, &queue_);
  call_->StartCall(nullptr);
  Next();
}

GrpcStream::~GrpcStream() {
  if (!finished_) {
    context_.TryCancel();
    Finish();
  }
}

bool GrpcStream::Next() {
  void* tag = nullptr;
  bool ok = false;
  return queue_.Next(&tag, &ok) && ok;
}

bool GrpcStream::Write(const std::string& message) {
  call_->Write(ToBuffer(message), nullptr);
  return Next();
}

bool GrpcStream::WritesDone() {
  call_->WritesDone(nullptr);
  return Next();
}

bool GrpcStream::Read(std::string* message) {
  grpc::ByteBuffer buffer;
  call_->Read(&buffer, nullptr);
  if (!Next()) return false;
  *message = ToString(buffer);
  return true;
}

grpc::Status GrpcStream::Finish() {
  grpc::Status status;
  call_->Finish(&status, nullptr);
  Next();
  finished_ = true;
  return status;
}

}  // namespace strata::testing
