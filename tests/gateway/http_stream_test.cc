// Bodies that do not fit into memory, and peers that go away.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "tests/gateway/http_service.h"

namespace strata::testing {
namespace {

using service::v1::HandleRequest;
using service::v1::HandleResponse;

constexpr std::size_t kMiB = 1024 * 1024;

// Sanitizers keep what was freed: resident memory says nothing there.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kMeasuresMemory = false;
#else
constexpr bool kMeasuresMemory = true;
#endif

// Resident memory of this process.
std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

// Waits until the call is cancelled.
void AwaitCancel(ServiceCall& call) {
  std::promise<void> told;
  strata_call* raw = call.call();
  const auto tell = [](void* arg) { static_cast<std::promise<void>*>(arg)->set_value(); };
  const std::uint64_t id = raw->ops->on_cancel(raw, tell, &told);
  if (id != 0) told.get_future().wait();
}

std::uint64_t Sum(std::string_view bytes) {
  std::uint64_t sum = 0;
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
  return sum;
}

TEST(HttpStream, SixtyMegabytesUpInBoundedMemory) {
  Server server;
  server.Serve("/", [](ServiceCall& call) {
    std::uint64_t size = 0;
    std::uint64_t sum = 0;
    HandleRequest part;
    while (call.Read(&part)) {
      size += part.body().size();
      sum += Sum(part.body());
    }
    if (call.code() != STRATA_OUT_OF_RANGE) return call.code();
    return call.Write(Answer(200, std::to_string(size) + " " + std::to_string(sum)));
  });
  server.Start();
  std::string piece(kMiB, '\0');
  for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>(i % 251);
  const std::size_t before = ResidentBytes();
  HttpClient client(server.address());

  client.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(60 * kMiB) +
              "\r\n\r\n");
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(client.Send(piece));
  const HttpReply reply = client.Receive();

  EXPECT_EQ(reply.body, std::to_string(60 * kMiB) + " " + std::to_string(60 * Sum(piece)));
  if (kMeasuresMemory) {
    EXPECT_LT(ResidentBytes() - before, 16 * kMiB);
  }
  EXPECT_EQ(client.Exchange(Get("/")).body, "0 0");
}

TEST(HttpStream, ChunkedUpIsFollowedByTheNextRequest) {
  Server server;
  server.options.small_body_bytes = 1000;
  server.Serve("/", [](ServiceCall& call) {
    return call.Write(Answer(200, std::to_string(call.ReadAll().body().size())));
  });
  server.Start();
  HttpClient client(server.address());
  std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) request += "3e8\r\n" + std::string(1000, 'x') + "\r\n";
  request += "0\r\nTrailer: ignored\r\n\r\n" + Get("/");

  client.Send(request);

  EXPECT_EQ(client.Receive().body, "100000");
  EXPECT_EQ(client.Receive().body, "0");
}

TEST(HttpStream, SixtyMegabytesDownInBoundedMemory) {
  Server server;
  server.Serve("/", [](ServiceCall& call) {
    HandleResponse part = Answer(200, "", /*end=*/false);
    part.set_body(std::string(kMiB, 'd'));
    strata_code code = call.Write(part);
    part.clear_head();
    for (int i = 1; i < 60 && code == STRATA_OK; ++i) code = call.Write(part);
    return code;
  });
  server.Start();
  const std::size_t before = ResidentBytes();
  HttpClient client(server.address(), /*receive_buffer=*/64 * 1024);

  client.Send("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
  std::size_t size = 0;
  std::size_t most = 0;
  std::string piece;
  while (!(piece = client.ReceiveSome(kMiB)).empty()) {
    size += piece.size();
    most = std::max(most, ResidentBytes());
  }

  EXPECT_GT(size, 60 * kMiB);
  EXPECT_LT(size, 60 * kMiB + 1000);
  if (kMeasuresMemory) {
    EXPECT_LT(most - before, 20 * kMiB);
  }
}

TEST(HttpStream, PartsArriveBeforeTheEnd) {
  Server server;
  std::promise<void> seen;
  server.Serve("/", [&seen](ServiceCall& call) {
    EXPECT_EQ(call.Write(Answer(200, "event: 1\n\n", /*end=*/false)), STRATA_OK);
    seen.get_future().wait();
    HandleResponse last;
    last.set_body("event: 2\n\n");
    last.set_end(true);
    return call.Write(last);
  });
  server.Start();
  HttpClient client(server.address());

  client.Send(Get("/"));
  std::string received;
  while (received.find("event: 1") == std::string::npos) received += client.ReceiveSome(4096);
  seen.set_value();
  while (received.find("\r\n0\r\n\r\n") == std::string::npos) received += client.ReceiveSome(4096);

  EXPECT_NE(received.find("a\r\nevent: 2\n\n\r\n0\r\n\r\n"), std::string::npos);
}

TEST(HttpStream, FinishedAnswerForASlowReaderHoldsNoThread) {
  Server server;
  server.options.request_slots = 1;
  const std::string big(4 * kMiB - 100, 'x');
  server.Serve("/big", [&big](ServiceCall& call) { return call.Write(Answer(200, big)); });
  server.Serve("/", [](ServiceCall& call) { return call.Write(Answer(200, "quick")); });
  server.Start();
  HttpClient slow(server.address(), /*receive_buffer=*/4096);
  slow.Send(Get("/big"));
  ASSERT_EQ(server.log.Wait(1).size(), 1u);

  EXPECT_EQ(server.Once(Get("/")).body, "quick");

  EXPECT_EQ(slow.Receive().body.size(), big.size());
  EXPECT_EQ(slow.Exchange(Get("/")).body, "quick");
}

TEST(HttpStream, ReaderThatStopsIsCut) {
  Server server;
  server.options.transfer_grace = std::chrono::milliseconds(50);
  server.options.min_rate_bytes_per_second = 1'000'000'000;
  std::promise<void> stopped;
  server.Serve("/", [&stopped](ServiceCall& call) {
    HandleResponse part = Answer(200, std::string(kMiB, 'x'), /*end=*/false);
    while (call.Write(part) == STRATA_OK) part.clear_head();
    stopped.set_value();
    return STRATA_OK;
  });
  server.Start();
  HttpClient client(server.address(), /*receive_buffer=*/4096);

  client.Send(Get("/"));

  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_FALSE(server.log.Wait(1)[0].complete);
}

TEST(HttpStream, ClientThatLeavesCancelsTheCall) {
  Server server;
  std::promise<void> begun;
  std::promise<void> cancelled;
  server.Serve("/", [&](ServiceCall& call) {
    begun.set_value();
    AwaitCancel(call);
    EXPECT_NE(call.call()->ops->cancelled(call.call()), 0);
    cancelled.set_value();
    return static_cast<strata_code>(STRATA_CANCELLED);
  });
  server.Start();
  HttpClient client(server.address());

  client.Send(Get("/"));
  begun.get_future().wait();
  client.Close();

  EXPECT_EQ(cancelled.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(server.log.Wait(1)[0].status, 499);
}

TEST(HttpStream, ClientThatLeavesInsideItsBodyIsNoEndOfBody) {
  Server server;
  server.options.small_body_bytes = 10;
  std::promise<strata_code> seen;
  server.Serve("/", [&seen](ServiceCall& call) {
    HandleRequest part;
    while (call.Read(&part)) {
    }
    seen.set_value(call.code());
    return call.code();
  });
  server.Start();
  {
    HttpClient client(server.address());
    client.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n0123456789ab");
  }

  EXPECT_EQ(seen.get_future().get(), STRATA_CANCELLED);
}

TEST(HttpStream, HalfClosedClientStillGetsItsAnswer) {
  Server server;
  server.Serve("/", [](ServiceCall& call) { return call.Write(Answer(200, "late")); });
  server.Start();
  HttpClient client(server.address());

  client.Send(Get("/"));
  client.FinishSending();

  EXPECT_EQ(client.Receive().body, "late");
  EXPECT_TRUE(client.Closed());
}

TEST(HttpStream, LongLivedRoutesHaveNoDeadline) {
  Server server;
  host::HttpRoute route;
  route.path = "/events";
  route.long_lived = true;
  std::int64_t deadline = -1;
  server.Serve(route, [&deadline](ServiceCall& call) {
    deadline = call.call()->deadline_us;
    return call.Write(Answer(200, ""));
  });
  server.Start();

  EXPECT_EQ(server.Once(Get("/events")).status, 200);
  EXPECT_EQ(deadline, 0);
}

}  // namespace
}  // namespace strata::testing
