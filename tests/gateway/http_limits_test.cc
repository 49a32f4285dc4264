// Each limit and the status that it leads to.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <list>
#include <semaphore>
#include <thread>

#include "tests/gateway/http_service.h"

namespace strata::testing {
namespace {

using service::v1::HandleRequest;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

strata_code Hello(ServiceCall& call) { return call.Write(Answer(200, "hello\n")); }

strata_code Size(ServiceCall& call) {
  const std::size_t size = call.ReadAll().body().size();
  if (call.code() != STRATA_OK) return call.code();
  return call.Write(Answer(200, std::to_string(size)));
}

// Holds its requests until it is opened. Thread-safe.
class Gate {
 public:
  strata_code Wait(ServiceCall& call) {
    entered_.release();
    open_.acquire();
    return Hello(call);
  }
  void AwaitEntered(int count) {
    for (int i = 0; i < count; ++i) entered_.acquire();
  }
  void Open(int count) { open_.release(count); }

 private:
  std::counting_semaphore<> entered_{0};
  std::counting_semaphore<> open_{0};
};

TEST(HttpLimits, RequestLineHeadersAndUnknownRoutes) {
  Server server;
  server.Serve("/a", Hello).Start();

  EXPECT_EQ(server.Once(Get("/a/" + std::string(9000, 'x'))).status, 414);
  EXPECT_EQ(server.Once(Get("/a", "X: " + std::string(40'000, 'x') + "\r\n")).status, 431);
  EXPECT_EQ(server.Once(Get("/b")).status, 404);
  EXPECT_EQ(server.Once(Get("/ab")).status, 404);
  EXPECT_EQ(server.Once("GET /a HTTP/3.0\r\nHost: localhost\r\n\r\n").status, 505);
  EXPECT_EQ(server.Once(Post("/a", "", "Transfer-Encoding: gzip\r\n")).status, 501);
}

TEST(HttpLimits, MethodsOfARoute) {
  Server server;
  host::HttpRoute route;
  route.path = "/a";
  route.methods = {"GET", "PUT"};
  server.Serve(route, Hello).Start();

  const HttpReply refused = server.Once(Post("/a", "x"));

  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.at("allow"), "GET, PUT");
  HttpClient client(server.address());
  client.Send("HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.Receive(/*head_only=*/true).status, 200);
}

TEST(HttpLimits, BodySizeIsRefusedBeforeItIsSent) {
  Server server;
  host::HttpRoute route;
  route.path = "/small";
  route.max_body_bytes = 10;
  server.options.max_body_bytes = 1000;
  server.Serve(route, Size).Serve("/", Size).Start();

  EXPECT_EQ(server.Once(Post("/small", std::string(10, 'x'))).body, "10");
  EXPECT_EQ(server.Once(Post("/small", std::string(11, 'x'))).status, 413);
  EXPECT_EQ(server.Once(Post("/", std::string(1000, 'x'))).body, "1000");
  HttpClient client(server.address());
  const HttpReply early = client.Exchange(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(early.status, 413);
  EXPECT_TRUE(client.Closed());
}

TEST(HttpLimits, ChunkedBodyOverTheLimit) {
  Server server;
  server.options.max_body_bytes = 100;
  server.Serve("/", Size).Start();
  std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) request += "a\r\n0123456789\r\n";

  EXPECT_EQ(server.Once(request + "0\r\n\r\n").status, 413);
}

TEST(HttpLimits, StreamedChunkedBodyOverTheLimit) {
  Server server;
  server.options.small_body_bytes = 1000;
  server.options.max_body_bytes = 100'000;
  server.Serve("/", Size).Start();
  std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "2710\r\n" + std::string(10'000, 'x') + "\r\n";
  for (int i = 0; i < 11; ++i) request += chunk;

  EXPECT_EQ(server.Once(request).status, 413);
}

TEST(HttpLimits, ExpectationIsAnswered) {
  Server server;
  server.Serve("/", Size).Start();
  HttpClient client(server.address());

  const HttpReply go = client.Exchange(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  const HttpReply reply = client.Exchange("body");

  EXPECT_EQ(go.status, 100);
  EXPECT_EQ(reply.body, "4");
}

TEST(HttpLimits, SlowHeadAndSlowBodyAreTimedOut) {
  Server server;
  server.options.head_timeout = milliseconds(300);
  server.options.transfer_grace = milliseconds(300);
  server.options.min_rate_bytes_per_second = 1'000'000;
  server.Serve("/", Size).Start();
  HttpClient head(server.address());
  HttpClient body(server.address());

  head.Send("GET / HTTP/1.1\r\nHost: loc");
  body.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");

  EXPECT_EQ(head.Receive().status, 408);
  EXPECT_TRUE(head.Closed());
  EXPECT_EQ(body.Receive().status, 408);
  EXPECT_TRUE(body.Closed());
}

TEST(HttpLimits, SlowStreamedBodyIsTimedOut) {
  Server server;
  server.options.small_body_bytes = 10;
  server.options.transfer_grace = milliseconds(50);
  server.options.min_rate_bytes_per_second = 1'000'000;
  server.Serve("/", Size).Start();
  HttpClient client(server.address());

  client.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n0123456789ab");

  EXPECT_EQ(client.Receive().status, 408);
}

TEST(HttpLimits, IdleConnectionsAreClosed) {
  Server server;
  server.options.idle_timeout = milliseconds(300);
  server.options.head_timeout = milliseconds(300);
  server.Serve("/", Hello).Start();
  HttpClient used(server.address());
  HttpClient silent(server.address());

  EXPECT_EQ(used.Exchange(Get("/")).status, 200);

  EXPECT_TRUE(used.Closed());
  EXPECT_TRUE(silent.Closed());
}

TEST(HttpLimits, RequestsPerConnection) {
  Server server;
  server.options.max_requests_per_connection = 2;
  server.Serve("/", Hello).Start();
  HttpClient client(server.address());

  EXPECT_FALSE(client.Exchange(Get("/")).headers.contains("connection"));
  EXPECT_EQ(client.Exchange(Get("/")).headers.at("connection"), "close");
  EXPECT_TRUE(client.Closed());
}

TEST(HttpLimits, BusyStackSaysSoAndStaysObservable) {
  Server server;
  Gate gate;
  server.options.request_slots = 2;
  server.options.queued_requests = 0;
  server.Serve("/", [&gate](ServiceCall& call) { return gate.Wait(call); }).Start();
  HttpClient first(server.address());
  HttpClient second(server.address());
  first.Send(Get("/"));
  second.Send(Get("/"));
  gate.AwaitEntered(2);

  const HttpReply refused = server.Once(Get("/"));
  const HttpReply live = server.Once(Get("/livez"));
  const HttpReply metrics = server.Once(Get("/metrics"));
  gate.Open(2);

  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(live.status, 200);
  EXPECT_THAT(metrics.body, HasSubstr("strata_http_requests_in_flight 2"));
  EXPECT_EQ(first.Receive().status, 200);
  EXPECT_EQ(second.Receive().status, 200);
}

void AwaitWaiting(Server& server, int count) {
  const std::string line = "strata_http_requests_waiting " + std::to_string(count) + "\n";
  while (server.Once(Get("/metrics")).body.find(line) == std::string::npos) {
  }
}

TEST(HttpLimits, RequestsWaitTheirTurnWhenAllPlacesAreTaken) {
  Server server;
  Gate gate;
  server.options.request_slots = 1;
  server.Serve("/gate", [&gate](ServiceCall& call) { return gate.Wait(call); });
  server.Serve("/", Size).Start();
  HttpClient first(server.address());
  first.Send(Get("/gate"));
  gate.AwaitEntered(1);
  HttpClient whole(server.address());
  HttpClient pieces(server.address());
  const std::string request = Post("/", "abcd");

  whole.Send(Post("/", "abc") + Post("/", "pipelined"));
  AwaitWaiting(server, 1);
  pieces.Send(request.substr(0, request.size() - 2));
  pieces.Send(request.substr(request.size() - 2));
  AwaitWaiting(server, 2);
  gate.Open(1);

  EXPECT_EQ(first.Receive().status, 200);
  EXPECT_EQ(whole.Receive().body, "3");
  EXPECT_EQ(whole.Receive().body, "9");
  EXPECT_EQ(pieces.Receive().body, "4");
  EXPECT_EQ(pieces.Exchange(Post("/", "12345")).body, "5");
}

TEST(HttpLimits, FullQueueRefuses) {
  Server server;
  Gate gate;
  server.options.request_slots = 1;
  server.options.queued_requests = 1;
  server.Serve("/", [&gate](ServiceCall& call) { return gate.Wait(call); }).Start();
  HttpClient first(server.address());
  first.Send(Get("/"));
  gate.AwaitEntered(1);
  HttpClient queued(server.address());
  queued.Send(Get("/"));
  AwaitWaiting(server, 1);

  const HttpReply refused = server.Once(Get("/"));
  gate.Open(2);

  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(first.Receive().status, 200);
  EXPECT_EQ(queued.Receive().status, 200);
}

TEST(HttpLimits, WaitingTooLongIsRefused) {
  Server server;
  Gate gate;
  server.options.request_slots = 1;
  server.options.queue_timeout = milliseconds(50);
  server.Serve("/", [&gate](ServiceCall& call) { return gate.Wait(call); }).Start();
  HttpClient first(server.address());
  first.Send(Get("/"));
  gate.AwaitEntered(1);

  const HttpReply late = server.Once(Get("/"));
  gate.Open(1);

  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(late.headers.at("retry-after"), "1");
  EXPECT_EQ(first.Receive().status, 200);
}

TEST(HttpLimits, WhoLeavesTheQueueIsNotServed) {
  Server server;
  Gate gate;
  std::atomic<int> served{0};
  server.options.request_slots = 1;
  server.Serve("/gate", [&gate](ServiceCall& call) { return gate.Wait(call); });
  server.Serve("/", [&served](ServiceCall& call) {
    ++served;
    return Size(call);
  });
  server.Start();
  HttpClient first(server.address());
  first.Send(Get("/gate"));
  gate.AwaitEntered(1);
  {
    HttpClient gone(server.address());
    gone.Send(Post("/", "x"));
    AwaitWaiting(server, 1);
  }
  while (server.Once(Get("/metrics")).body.find("strata_http_connections 2\n") ==
         std::string::npos) {
  }
  HttpClient next(server.address());
  next.Send(Post("/", "next"));
  AwaitWaiting(server, 2);
  gate.Open(1);

  EXPECT_EQ(next.Receive().body, "4");
  EXPECT_EQ(served.load(), 1);
}

TEST(HttpLimits, LongTransfersLeaveRoomForOthers) {
  Server server;
  server.options.request_slots = 4;
  server.options.blocking_slots = 1;
  server.options.small_body_bytes = 10;
  server.Serve("/", Size).Start();
  constexpr std::string_view kHalf =
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n0123456789ab";
  HttpClient slow(server.address());
  slow.Send(kHalf);
  while (server.Once(Get("/metrics")).body.find("slow_peers 1") == std::string::npos) {
  }

  const HttpReply refused = server.Once(kHalf);
  const HttpReply quick = server.Once(Post("/", "x"));

  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(quick.body, "1");
  EXPECT_EQ(slow.Exchange("01234567").body, "20");
}

TEST(HttpLimits, ConnectionsOverTheLimitAreRefused) {
  Server server;
  server.options.max_connections = 2;
  server.Serve("/", Hello).Start();
  HttpClient first(server.address());
  HttpClient second(server.address());
  EXPECT_EQ(first.Exchange(Get("/")).status, 200);
  EXPECT_EQ(second.Exchange(Get("/")).status, 200);

  HttpClient third(server.address());

  EXPECT_EQ(third.Receive().status, 503);
  EXPECT_EQ(first.Exchange(Get("/")).status, 200);
}

TEST(HttpLimits, ServiceThatIsTooLateIsToldAndAnsweredFor) {
  Server server;
  server.options.request_timeout = milliseconds(300);
  std::promise<void> cancelled;
  server.Serve("/", [&cancelled](ServiceCall& call) {
    std::promise<void> told;
    strata_call* raw = call.call();
    raw->ops->on_cancel(
        raw, [](void* arg) { static_cast<std::promise<void>*>(arg)->set_value(); }, &told);
    told.get_future().wait();
    cancelled.set_value();
    return static_cast<strata_code>(STRATA_CANCELLED);
  });
  server.Start();

  EXPECT_EQ(server.Once(Get("/")).status, 504);
  EXPECT_EQ(cancelled.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(HttpLimits, StackThatIsClosedAnswers503) {
  Server server;
  server.Serve("/", Hello).Start();
  server.ingress.Close();

  EXPECT_EQ(server.Once(Get("/")).status, 503);
  EXPECT_EQ(server.Once(Get("/livez")).status, 200);
}

TEST(HttpLimits, ByteByByteRequestsHoldNoThread) {
  Server server;
  server.options.request_slots = 2;  // the place of the last request may be given back late
  server.Serve("/", Size).Start();
  std::list<HttpClient> slow;
  const std::string request = Post("/", "body");
  for (int i = 0; i < 20; ++i) slow.emplace_back(server.address());

  for (std::size_t i = 0; i + 1 < request.size(); ++i) {
    for (HttpClient& client : slow) client.Send({&request[i], 1});
    ASSERT_EQ(server.Once(Post("/", "quick")).body, "5");
  }

  for (HttpClient& client : slow) EXPECT_EQ(client.Exchange("y").body, "4");
}

}  // namespace
}  // namespace strata::testing
