#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>
#include <vector>

namespace strata::testing {

struct GrpcReply {
  grpc::Status status;
  std::vector<std::string> messages;
};

// Plain bytes over gRPC. Thread-safe.
class GrpcClient final {
 public:
  explicit GrpcClient(const std::string& address);

  // Sends the messages and the end, then takes every answer.
  GrpcReply Call(const std::string& method, const std::vector<std::string>& messages,
                 grpc::ClientContext* context = nullptr) const;

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

// A call whose messages the test moves one by one. Single-threaded; every step waits.
class GrpcStream final {
 public:
  GrpcStream(const GrpcClient& client, const std::string& method);
  ~GrpcStream();
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  bool Write(const std::string& message);
  bool WritesDone();
  // False at the end.
  bool Read(std::string* message);
  grpc::Status Finish();
  void Cancel() { context_.TryCancel(); }

 private:
  bool Next();

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool finished_ = false;
};

}  // namespace strata::testing
