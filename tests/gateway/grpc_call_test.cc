// Calls of all four kinds, forwarded.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <semaphore>

#include "core/gateway/grpc_gateway.h"
#include "strata/common/v1/common.pb.h"
#include "tests/gateway/grpc_client.h"
#include "tests/support/fake_ingress.h"

namespace strata::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string_view View(strata_bytes b) { return {reinterpret_cast<const char*>(b.data), b.size}; }
strata_bytes Bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

strata_code Write(strata_call* call, std::string_view message) {
  return call->ops->write(call, Bytes(message));
}

strata_code EchoOne(strata_call* call) { return Write(call, View(call->request)); }

strata_code EchoEach(strata_call* call) {
  strata_bytes message{};
  strata_code code = STRATA_OK;
  while ((code = call->ops->read(call, &message)) == STRATA_OK) {
    if (Write(call, View(message)) != STRATA_OK) return STRATA_CANCELLED;
  }
  return code == STRATA_OUT_OF_RANGE ? STRATA_OK : code;
}

strata_code Count(strata_call* call) {
  std::size_t count = 0;
  std::size_t size = 0;
  strata_bytes message{};
  strata_code code = STRATA_OK;
  while ((code = call->ops->read(call, &message)) == STRATA_OK) {
    ++count;
    size += message.size;
  }
  if (code != STRATA_OUT_OF_RANGE) return code;
  return Write(call, std::to_string(count) + " " + std::to_string(size));
}

strata_code Repeat(strata_call* call) {
  const int count = std::stoi(std::string(View(call->request)));
  for (int i = 0; i < count; ++i) {
    if (Write(call, std::to_string(i)) != STRATA_OK) return STRATA_CANCELLED;
  }
  return STRATA_OK;
}

// Waits until the call is cancelled.
strata_code AwaitCancel(strata_call* call) {
  std::promise<void> told;
  const auto tell = [](void* arg) { static_cast<std::promise<void>*>(arg)->set_value(); };
  const std::uint64_t id = call->ops->on_cancel(call, tell, &told);
  if (id != 0) told.get_future().wait();
  return STRATA_CANCELLED;
}

class Grpc : public ::testing::Test {
 protected:
  Grpc() {
    options_.address = "127.0.0.1:0";
    ingress_.AddMethod("a", "/t.Test/Unary", STRATA_UNARY, EchoOne);
    ingress_.AddMethod("a", "/t.Test/Server", STRATA_SERVER_STREAM, Repeat);
    ingress_.AddMethod("a", "/t.Test/Client", STRATA_CLIENT_STREAM, Count);
    ingress_.AddMethod("a", "/t.Test/Bidi", STRATA_BIDI, EchoEach);
  }

  void Start() {
    auto started = gateway::GrpcGateway::Start(options_, &ingress_);
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    gateway_ = *std::move(started);
    client_ = std::make_unique<GrpcClient>(gateway_->address());
  }

  FakeIngress ingress_;
  gateway::GrpcOptions options_;
  std::unique_ptr<gateway::GrpcGateway> gateway_;
  std::unique_ptr<GrpcClient> client_;
};

TEST_F(Grpc, ForwardsAllFourKinds) {
  Start();

  EXPECT_THAT(client_->Call("/t.Test/Unary", {"x"}).messages, ElementsAre("x"));
  EXPECT_THAT(client_->Call("/t.Test/Server", {"3"}).messages, ElementsAre("0", "1", "2"));
  EXPECT_THAT(client_->Call("/t.Test/Client", {"a", "bc"}).messages, ElementsAre("2 3"));
  EXPECT_THAT(client_->Call("/t.Test/Bidi", {"a", "", "c"}).messages, ElementsAre("a", "", "c"));
  EXPECT_THAT(client_->Call("/t.Test/Client", {}).messages, ElementsAre("0 0"));
  EXPECT_TRUE(client_->Call("/t.Test/Server", {"0"}).status.ok());
}

TEST_F(Grpc, BidiAnswersWhileTheClientStillTalks) {
  Start();
  GrpcStream stream(*client_, "/t.Test/Bidi");

  for (int i = 0; i < 100; ++i) {
    std::string answer;
    ASSERT_TRUE(stream.Write(std::to_string(i)));
    ASSERT_TRUE(stream.Read(&answer));
    EXPECT_EQ(answer, std::to_string(i));
  }
  stream.WritesDone();
  std::string more;
  EXPECT_FALSE(stream.Read(&more));

  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(Grpc, ThousandsOfMessagesKeepTheirOrder) {
  Start();

  const GrpcReply reply = client_->Call("/t.Test/Server", {"5000"});

  ASSERT_EQ(reply.messages.size(), 5000u);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(reply.messages[static_cast<std::size_t>(i)], std::to_string(i));
  }
}

TEST_F(Grpc, StatusMessageDetailsAndTrailersArrive) {
  ingress_.AddMethod("a", "/t.Test/Fail", STRATA_UNARY, [](strata_call* call) {
    strata_status status{};
    status.struct_size = sizeof(status);
    const std::string_view message = "no such thing: 100 %";
    status.message = {message.data(), message.size()};
    status.details = Bytes(std::string_view("\x08\x05", 2));
    call->ops->set_status(call, &status);
    for (const auto& [key, value] : std::map<std::string, std::string>{
             {"x-cost", "7"}, {"grpc-evil", "1"}, {"strata-evil", "1"}, {"Bad Key", "1"}}) {
      const strata_kv kv{{key.data(), key.size()}, Bytes(value)};
      call->ops->set_trailer(call, &kv);
    }
    return static_cast<strata_code>(STRATA_NOT_FOUND);
  });
  Start();
  grpc::ClientContext context;

  const GrpcReply reply = client_->Call("/t.Test/Fail", {""}, &context);

  EXPECT_EQ(reply.status.error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(reply.status.error_message(), "no such thing: 100 %");
  EXPECT_EQ(reply.status.error_details(), std::string("\x08\x05", 2));
  const auto& trailers = context.GetServerTrailingMetadata();
  EXPECT_EQ(trailers.count("x-cost"), 1u);
  EXPECT_EQ(trailers.count("x-request-id"), 1u);
  EXPECT_EQ(trailers.count("grpc-evil") + trailers.count("strata-evil"), 0u);
}

TEST_F(Grpc, UnknownMethodsAndSlotsAreRefused) {
  ingress_.AddMethod("b", "/t.Test/Unary", STRATA_UNARY,
                     [](strata_call* call) { return Write(call, "from b"); });
  Start();
  grpc::ClientContext to_b;
  to_b.AddMetadata("strata-slot", "b");
  grpc::ClientContext to_c;
  to_c.AddMetadata("strata-slot", "c");

  EXPECT_EQ(client_->Call("/t.Test/None", {""}).status.error_code(), grpc::UNIMPLEMENTED);
  EXPECT_THAT(client_->Call("/t.Test/Unary", {""}, &to_b).messages, ElementsAre("from b"));
  EXPECT_EQ(client_->Call("/t.Test/Unary", {""}, &to_c).status.error_code(), grpc::NOT_FOUND);
}

TEST_F(Grpc, MetadataIdentityAndDeadlineArePassedOn) {
  std::map<std::string, std::string> seen;
  common::v1::AuthContext auth;
  std::int64_t left_us = 0;
  ingress_.AddMethod("a", "/t.Test/See", STRATA_UNARY, [&](strata_call* call) {
    for (std::size_t i = 0; i < call->metadata_count; ++i) {
      const strata_kv& kv = call->metadata[i];
      seen[std::string(kv.key.data, kv.key.size)] = View(kv.value);
    }
    auth.ParseFromArray(call->auth.data, static_cast<int>(call->auth.size));
    left_us = call->deadline_us - std::chrono::duration_cast<std::chrono::microseconds>(
                                      std::chrono::steady_clock::now().time_since_epoch())
                                      .count();
    return Write(call, "");
  });
  Start();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(9));
  context.AddMetadata("traceparent", "00-1-2-3");
  context.AddMetadata("blob-bin", std::string("\0\1", 2));
  context.AddMetadata("x-request-id", "r-9");
  context.AddMetadata("strata-slot", "a");
  context.AddMetadata("authorization", "secret");

  EXPECT_TRUE(client_->Call("/t.Test/See", {""}, &context).status.ok());

  EXPECT_EQ(seen, (std::map<std::string, std::string>{{"traceparent", "00-1-2-3"},
                                                      {"blob-bin", std::string("\0\1", 2)}}));
  EXPECT_EQ(auth.assurance(), common::v1::AuthContext::ASSURANCE_LOCAL);
  EXPECT_EQ(auth.request_id(), "r-9");
  EXPECT_EQ(auth.client_address(), "127.0.0.1");
  EXPECT_GT(left_us, 0);
  EXPECT_LE(left_us, 9'500'000);  // gRPC rounds timeouts up on the wire
}

TEST_F(Grpc, DeadlineAndCancellationReachThePlugin) {
  std::counting_semaphore<> cancelled{0};
  std::counting_semaphore<> begun{0};
  ingress_.AddMethod("a", "/t.Test/Hang", STRATA_BIDI, [&](strata_call* call) {
    begun.release();
    const strata_code code = AwaitCancel(call);
    EXPECT_NE(call->ops->cancelled(call), 0);
    cancelled.release();
    return code;
  });
  Start();
  grpc::ClientContext context;
  // Long enough to arrive on a busy machine: a call that is late before it begins reaches nobody.
  context.set_deadline(std::chrono::system_clock::now() + seconds(1));

  EXPECT_EQ(client_->Call("/t.Test/Hang", {}, &context).status.error_code(),
            grpc::DEADLINE_EXCEEDED);
  EXPECT_TRUE(cancelled.try_acquire_for(seconds(10)));
  ASSERT_TRUE(begun.try_acquire_for(seconds(10)));
  GrpcStream stream(*client_, "/t.Test/Hang");
  begun.acquire();
  stream.Cancel();
  EXPECT_TRUE(cancelled.try_acquire_for(seconds(10)));
  EXPECT_EQ(stream.Finish().error_code(), grpc::CANCELLED);
}

TEST_F(Grpc, SlowReaderHoldsThePluginBack) {
  std::atomic<int> written{0};
  ingress_.AddMethod("a", "/t.Test/Flood", STRATA_SERVER_STREAM, [&written](strata_call* call) {
    const std::string message(1024 * 1024, 'x');
    while (Write(call, message) == STRATA_OK) ++written;
    return static_cast<strata_code>(STRATA_CANCELLED);
  });
  Start();
  {
    GrpcStream stream(*client_, "/t.Test/Flood");
    stream.Write("");
    std::string message;
    ASSERT_TRUE(stream.Read(&message));
    // Whatever is buffered on the way is bounded: the plugin cannot run ahead of its reader.
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(stream.Read(&message));
    EXPECT_LT(written.load(), 21 + 30);
  }
  gateway_->Stop(seconds(10));
}

TEST_F(Grpc, UnaryMustBeAnsweredOnceAndAsked) {
  ingress_.AddMethod("a", "/t.Test/Silent", STRATA_UNARY,
                     [](strata_call*) -> strata_code { return STRATA_OK; });
  Start();

  EXPECT_EQ(client_->Call("/t.Test/Silent", {""}).status.error_code(), grpc::INTERNAL);
  EXPECT_EQ(client_->Call("/t.Test/Unary", {}).status.error_code(), grpc::INVALID_ARGUMENT);
}

TEST_F(Grpc, LimitsAnswerResourceExhausted) {
  options_.call_slots = 1;
  options_.stream_slots = 1;
  options_.waiting_calls = 0;
  options_.max_message_bytes = 1024;
  std::counting_semaphore<> begun{0};
  ingress_.AddMethod("a", "/t.Test/Hang", STRATA_BIDI, [&begun](strata_call* call) {
    begun.release();
    return AwaitCancel(call);
  });
  Start();

  EXPECT_EQ(client_->Call("/t.Test/Unary", {std::string(2000, 'x')}).status.error_code(),
            grpc::RESOURCE_EXHAUSTED);
  GrpcStream hanging(*client_, "/t.Test/Hang");
  begun.acquire();
  EXPECT_EQ(client_->Call("/t.Test/Bidi", {}).status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(client_->Call("/t.Test/Unary", {"x"}).status.error_code(), grpc::RESOURCE_EXHAUSTED);
}

TEST_F(Grpc, SixteenMegabytesBothWays) {
  Start();
  const std::string big(16 * 1024 * 1024 - 1024, 'm');

  const GrpcReply reply = client_->Call("/t.Test/Unary", {big});

  ASSERT_EQ(reply.messages.size(), 1u);
  EXPECT_EQ(reply.messages[0].size(), big.size());
}

TEST_F(Grpc, ClosedStackIsUnavailable) {
  Start();
  ingress_.Close();

  EXPECT_EQ(client_->Call("/t.Test/Unary", {"x"}).status.error_code(), grpc::UNAVAILABLE);
}

TEST_F(Grpc, StopFinishesWhatRuns) {
  std::counting_semaphore<> begun{0};
  std::counting_semaphore<> go{0};
  ingress_.AddMethod("a", "/t.Test/Wait", STRATA_UNARY, [&](strata_call* call) {
    begun.release();
    go.acquire();
    return Write(call, "done");
  });
  Start();
  auto reply = std::async(std::launch::async,
                          [this] { return client_->Call("/t.Test/Wait", {""}).messages; });
  begun.acquire();
  auto stopped = std::async(std::launch::async, [this] { gateway_->Stop(seconds(20)); });

  go.release();

  EXPECT_THAT(reply.get(), ElementsAre("done"));
  stopped.get();
  EXPECT_EQ(ingress_.entered(), 0);
}

TEST_F(Grpc, StopCancelsWhatHangs) {
  std::counting_semaphore<> begun{0};
  ingress_.AddMethod("a", "/t.Test/Hang", STRATA_BIDI, [&begun](strata_call* call) {
    begun.release();
    return AwaitCancel(call);
  });
  Start();
  GrpcStream stream(*client_, "/t.Test/Hang");
  begun.acquire();

  gateway_->Stop(std::chrono::milliseconds(20));

  EXPECT_FALSE(stream.Finish().ok());
  EXPECT_EQ(ingress_.entered(), 0);
}

TEST_F(Grpc, RefusesOtherMachinesAndPortsInUse) {
  Start();
  gateway::GrpcOptions open;
  open.address = "0.0.0.0:0";
  gateway::GrpcOptions taken;
  taken.address = gateway_->address();

  EXPECT_EQ(gateway::GrpcGateway::Start(open, &ingress_).status().code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(gateway::GrpcGateway::Start(taken, &ingress_).status().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace strata::testing
