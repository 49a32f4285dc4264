#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "core/gateway/grpc_gateway.h"
#include "tests/gateway/grpc_client.h"
#include "tests/support/fake_ingress.h"

namespace strata::testing {
namespace {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gateway.XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

gateway::GrpcOptions At(const std::string& path) {
  gateway::GrpcOptions options;
  options.address = "unix:" + path;
  return options;
}

TEST(GrpcUnix, MakesItsFolderForTheOwnerAlone) {
  TempFolder temp;
  FakeIngress ingress;
  ingress.AddMethod("a", "/t.Test/Unary", STRATA_UNARY,
                    [](strata_call* call) { return call->ops->write(call, call->request); });

  auto gateway = gateway::GrpcGateway::Start(At(temp.path + "/run/s"), &ingress);
  ASSERT_TRUE(gateway.ok()) << gateway.status().ToString();

  struct stat info {};
  ASSERT_EQ(::stat((temp.path + "/run").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_EQ((*gateway)->address(), "unix:" + temp.path + "/run/s");
  EXPECT_THAT(GrpcClient((*gateway)->address()).Call("/t.Test/Unary", {"x"}).messages,
              ::testing::ElementsAre("x"));
}

TEST(GrpcUnix, RefusesFoldersOpenToOthersAndLivingSockets) {
  TempFolder temp;
  FakeIngress ingress;
  ::mkdir((temp.path + "/open").c_str(), 0755);
  auto first = gateway::GrpcGateway::Start(At(temp.path + "/run/s"), &ingress);
  ASSERT_TRUE(first.ok());

  EXPECT_EQ(gateway::GrpcGateway::Start(At(temp.path + "/open/s"), &ingress).status().code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(gateway::GrpcGateway::Start(At(temp.path + "/run/s"), &ingress).status().code(),
            Code::kUnavailable);
  EXPECT_EQ(gateway::GrpcGateway::Start(At("/" + std::string(200, 'x')), &ingress).status().code(),
            Code::kFailedPrecondition);
}

}  // namespace
}  // namespace strata::testing
