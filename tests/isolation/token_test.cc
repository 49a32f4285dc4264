// A process may act for those whom it serves, and for nobody else.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include "core/isolation/active_calls.h"
#include "core/isolation/forward.h"
#include "core/isolation/growing_pool.h"
#include "core/isolation/host_callbacks.h"
#include "core/isolation/paths.h"
#include "strata/isolation/v1/isolation.pb.h"
#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

using ::testing::HasSubstr;

// The core's side of a process that does not keep to the rules: this test.
class Tokens : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    channel_ = isolation::ChannelOver(base::UniqueFd(ends[0]));
    callbacks_.SetHost(host_.Client().raw());
    auto server = isolation::RpcServer::Start(base::UniqueFd(ends[1]), &pool_, callbacks_.Finder());
    ASSERT_TRUE(server.ok());
    server_ = *std::move(server);
  }

  Code CallWith(const std::string& token, std::string* message) {
    isolation::v1::CallHead head;
    head.set_token(token);
    head.set_handle(std::uint64_t{7} << 32);
    TestCall call("x", /*timeout_ms=*/5000);
    const auto done =
        isolation::Forward(*channel_, isolation::path::kCall, head.SerializeAsString(),
                           isolation::Shape::kResponses, &call);
    EXPECT_FALSE(done.broken);
    *message = call.message;
    return abi::ToCode(done.code);
  }

  FakeHost host_;
  isolation::ActiveCalls calls_;
  isolation::HostCallbacks callbacks_{&calls_};
  isolation::GrowingPool pool_{"test", 8};
  std::unique_ptr<isolation::RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(Tokens, ThatAreInventedAreRefusedAndLogged) {
  std::string message;
  EXPECT_EQ(CallWith(std::string(16, 'x'), &message), Code::kInvalidArgument);
  EXPECT_THAT(message, HasSubstr("not a call that this process serves"));
  ASSERT_FALSE(host_.Logs().empty());
  EXPECT_EQ(host_.Logs().back().event, "plugin.misbehaving");
}

TEST_F(Tokens, AreVoidWithTheirCall) {
  FakeRequest request({.auth = "who"});
  const std::string token = calls_.Add(request.context().call());
  std::string message;
  EXPECT_EQ(CallWith(token, &message), Code::kPermissionDenied);  // Known; the handle is not.
  calls_.Remove(token);
  EXPECT_EQ(CallWith(token, &message), Code::kInvalidArgument);
}

TEST_F(Tokens, AreNeverTheSame) {
  FakeRequest request;
  const std::string first = calls_.Add(request.context().call());
  EXPECT_EQ(first.size(), 16u);
  EXPECT_NE(first, calls_.Add(request.context().call()));
}

}  // namespace
}  // namespace strata::testing
