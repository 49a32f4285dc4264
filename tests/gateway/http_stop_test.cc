#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/gateway/http_service.h"

namespace strata::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(HttpStop, FinishesWhatRunsAndClosesTheRest) {
  Server server;
  std::promise<void> begun;
  std::promise<void> go;
  server.Serve("/", [&](ServiceCall& call) {
    begun.set_value();
    go.get_future().wait();
    return call.Write(Answer(200, "done"));
  });
  server.Start();
  HttpClient idle(server.address());
  EXPECT_EQ(idle.Exchange(Get("/livez")).status, 200);
  HttpClient busy(server.address());
  busy.Send(Get("/"));
  begun.get_future().wait();

  std::thread stopper([&server] { server.http->Stop(seconds(20)); });
  EXPECT_TRUE(idle.Closed());
  go.set_value();
  const HttpReply reply = busy.Receive();
  stopper.join();

  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply.headers.at("connection"), "close");
  EXPECT_TRUE(busy.Closed());
  EXPECT_EQ(server.ingress.entered(), 0);
}

TEST(HttpStop, AfterTheGraceCallsAreCancelled) {
  Server server;
  std::promise<void> begun;
  server.Serve("/", [&begun](ServiceCall& call) {
    begun.set_value();
    std::promise<void> told;
    strata_call* raw = call.call();
    const auto tell = [](void* arg) { static_cast<std::promise<void>*>(arg)->set_value(); };
    if (raw->ops->on_cancel(raw, tell, &told) != 0) told.get_future().wait();
    return static_cast<strata_code>(STRATA_CANCELLED);
  });
  server.Start();
  HttpClient client(server.address());
  client.Send(Get("/"));
  begun.get_future().wait();

  server.http->Stop(milliseconds(10));

  EXPECT_EQ(server.ingress.entered(), 0);
  EXPECT_FALSE(HttpClient(server.address()).Send(Get("/")));
}

TEST(HttpStop, StoppingTwiceAndDestroyingIsFine) {
  Server server;
  server.Serve("/", [](ServiceCall& call) { return call.Write(Answer(200, "")); }).Start();

  server.http->Stop(milliseconds(10));
  server.http->Stop(milliseconds(10));
  server.http.reset();

  EXPECT_EQ(server.ingress.entered(), 0);
}

}  // namespace
}  // namespace strata::testing
