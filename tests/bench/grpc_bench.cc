// The call that hop_bench measures in process, made through the gRPC entrance over a Unix socket.
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "core/gateway/grpc_gateway.h"
#include "strata/data/v1/data.grpc.pb.h"
#include "tests/support/fake_ingress.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCalls = 5000;

double MicrosecondsPerCall(strata::data::v1::Data::Stub& stub) {
  strata::data::v1::ReadRequest request;
  request.set_type("Patient");
  request.set_id("42");
  const auto start = Clock::now();
  for (int i = 0; i < kCalls; ++i) {
    grpc::ClientContext context;
    strata::data::v1::ReadResponse response;
    const grpc::Status status = stub.Read(&context, request, &response);
    if (!status.ok()) {
      std::fprintf(stderr, "call failed: %s\n", status.error_message().c_str());
      std::exit(1);
    }
  }
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count() / kCalls;
}

}  // namespace

int main() {
  strata::data::v1::ReadResponse answer;
  answer.mutable_resource()->set_json(std::string(2048, 'x'));
  const std::string bytes = answer.SerializeAsString();
  strata::testing::FakeIngress ingress;
  ingress.AddMethod("record", "/strata.data.v1.Data/Read", STRATA_UNARY, [&](strata_call* call) {
    return call->ops->write(call,
                            {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  });
  const auto folder =
      std::filesystem::temp_directory_path() / ("strata-grpc-bench-" + std::to_string(getpid()));
  strata::gateway::GrpcOptions options;
  options.address = "unix:" + (folder / "socket").string();
  auto gateway = strata::gateway::GrpcGateway::Start(options, &ingress);
  if (!gateway.ok()) {
    std::fprintf(stderr, "%s\n", gateway.status().ToString().c_str());
    return 1;
  }
  const auto stub = strata::data::v1::Data::NewStub(
      grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials()));
  double best = MicrosecondsPerCall(*stub);
  for (int round = 0; round < 4; ++round) best = std::min(best, MicrosecondsPerCall(*stub));
  std::printf("gRPC over a unix socket, unary, 2 KiB   %8.1f us per call\n", best);
  (*gateway)->Stop(std::chrono::milliseconds(100));
  std::filesystem::remove_all(folder);
  return 0;
}
