// Health and reflection over the wire.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/gateway/grpc_gateway.h"
#include "core/gateway/grpc_reflection.h"
#include "core/gateway/wire.h"
#include "tests/gateway/grpc_client.h"
#include "tests/support/fake_ingress.h"

namespace strata::testing {
namespace {

using gateway::AppendBytes;
using gateway::AppendUint;
using gateway::WireReader;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Ask(std::uint32_t field, std::string_view value) {
  std::string bytes;
  AppendBytes(field, value, &bytes);
  return bytes;
}

std::string Status(std::uint64_t status) {
  std::string bytes;
  AppendUint(1, status, &bytes);
  return bytes;
}

// The one field of a ServerReflectionResponse that is the answer.
std::pair<std::uint32_t, std::string> AnswerOf(std::string_view response) {
  std::pair<std::uint32_t, std::string> answer;
  WireReader reader(response);
  while (reader.Next()) {
    if (reader.field() >= 4) answer = {reader.field(), std::string(reader.bytes())};
  }
  return answer;
}

// A file "name" of package "p" with message M { enum E { V } } and service S { M }.
std::string File(std::string_view name, std::string_view import) {
  const std::string value = Ask(1, "V");
  const std::string enumeration = Ask(1, "E") + Ask(2, value);
  const std::string message = Ask(1, "M") + Ask(4, enumeration);
  const std::string service = Ask(1, "S") + Ask(2, Ask(1, "Do"));
  std::string extension = Ask(1, "x") + Ask(2, ".p.M");
  AppendUint(3, 77, &extension);
  return Ask(1, name) + Ask(2, "p") + (import.empty() ? "" : Ask(3, import)) + Ask(4, message) +
         Ask(6, service) + Ask(7, extension);
}

class Builtin : public ::testing::Test {
 protected:
  Builtin() {
    options_.address = "127.0.0.1:0";
    ingress_.AddMethod("a", "/p.S/Do", STRATA_UNARY, [](strata_call*) { return STRATA_OK; });
    ingress_.AddDescriptorSet(Ask(1, File("one", "two")) + Ask(1, Ask(1, "two")));
    gateway_ = *gateway::GrpcGateway::Start(options_, &ingress_);
    client_ = std::make_unique<GrpcClient>(gateway_->address());
  }

  std::pair<std::uint32_t, std::string> Reflect(const std::string& request) {
    const GrpcReply reply =
        client_->Call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", {request});
    EXPECT_TRUE(reply.status.ok());
    return reply.messages.empty() ? std::pair<std::uint32_t, std::string>()
                                  : AnswerOf(reply.messages[0]);
  }

  FakeIngress ingress_;
  gateway::GrpcOptions options_;
  std::unique_ptr<gateway::GrpcGateway> gateway_;
  std::unique_ptr<GrpcClient> client_;
};

TEST_F(Builtin, HealthChecksTheStackAndEachService) {
  const std::string check = "/grpc.health.v1.Health/Check";

  EXPECT_THAT(client_->Call(check, {""}).messages, ElementsAre(Status(1)));
  EXPECT_THAT(client_->Call(check, {Ask(1, "p.S")}).messages, ElementsAre(Status(1)));
  EXPECT_EQ(client_->Call(check, {Ask(1, "q.S")}).status.error_code(), grpc::NOT_FOUND);
  ingress_.SetReady(false, "starting");
  EXPECT_THAT(client_->Call(check, {""}).messages, ElementsAre(Status(2)));
}

TEST_F(Builtin, HealthWatchTellsChanges) {
  GrpcStream watch(*client_, "/grpc.health.v1.Health/Watch");
  GrpcStream unknown(*client_, "/grpc.health.v1.Health/Watch");
  std::string status;
  ASSERT_TRUE(watch.Write("") && watch.WritesDone());
  ASSERT_TRUE(unknown.Write(Ask(1, "q.S")));

  ASSERT_TRUE(unknown.Read(&status));
  EXPECT_EQ(status, Status(3));
  ASSERT_TRUE(watch.Read(&status));
  EXPECT_EQ(status, Status(1));
  ingress_.SetReady(false, "broken");
  ASSERT_TRUE(watch.Read(&status));
  EXPECT_EQ(status, Status(2));
  gateway_->Stop(seconds(10));
  EXPECT_FALSE(watch.Read(&status));
  EXPECT_EQ(watch.Finish().error_code(), grpc::UNAVAILABLE);
}

TEST_F(Builtin, ReflectionListsServices) {
  const auto [field, list] = Reflect(Ask(7, "*"));

  EXPECT_EQ(field, 6u);
  for (const char* name : {"p.S", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                           "grpc.reflection.v1alpha.ServerReflection"}) {
    EXPECT_THAT(list, HasSubstr(name));
  }
}

TEST_F(Builtin, ReflectionFindsFilesWithTheirImports) {
  const std::string expected = Ask(1, File("one", "two")) + Ask(1, Ask(1, "two"));

  for (const char* symbol : {"p.M", "p.M.E", "p.M.V", "p.S", "p.S.Do", "p.x"}) {
    const auto [field, files] = Reflect(Ask(4, symbol));
    EXPECT_EQ(field, 4u) << symbol;
    EXPECT_EQ(files, expected) << symbol;
  }
  EXPECT_EQ(Reflect(Ask(3, "two")).second, Ask(1, Ask(1, "two")));
  std::string extension = Ask(1, "p.M");
  AppendUint(2, 77, &extension);
  EXPECT_EQ(Reflect(Ask(5, extension)).second, expected);
  EXPECT_EQ(Reflect(Ask(6, "p.M")).first, 5u);
}

TEST_F(Builtin, ReflectionSaysWhatItDoesNotKnow) {
  for (const std::string& request : {Ask(3, "none"), Ask(4, "p.None"), Ask(5, Ask(1, "p.M")),
                                     Ask(6, "p.None"), std::string(), std::string("\x1a\x7f")}) {
    EXPECT_EQ(Reflect(request).first, 7u);
  }
}

TEST(DescriptorIndex, AnyBytesAreTaken) {
  const std::string set = Ask(1, File("one", "two"));
  for (std::size_t size = 0; size < set.size(); ++size) {
    const gateway::DescriptorIndex index({set.substr(0, size)});
    EXPECT_FALSE(index.Knows("p.None"));
  }
}

}  // namespace
}  // namespace strata::testing
