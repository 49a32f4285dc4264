// What a service sees of a request, and a client of an answer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strata/common/v1/common.pb.h"
#include "tests/gateway/http_service.h"

namespace strata::testing {
namespace {

using service::v1::HandleRequest;
using service::v1::HandleResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;

strata_code Hello(ServiceCall& call) { return call.Write(Answer(200, "hello\n")); }

TEST(HttpExchange, ServiceSeesTheRequestAsItCame) {
  Server server;
  HandleRequest seen;
  server.ingress.SetMenu({{"Records", "/records", 3}});
  server.Serve("/fhir", [&seen](ServiceCall& call) {
    seen = call.ReadAll();
    return Hello(call);
  });
  server.Start();

  const HttpReply reply = server.Once(
      "POST /fhir/Patient%20x?name=a%26b&c HTTP/1.1\r\nHost: localhost:1\r\nX-One: 1\r\n"
      "x-Two:\t2 \r\nAuthorization: secret\r\nX-Forwarded-For: 1.2.3.4\r\n"
      "Content-Length: 4\r\n\r\nbody");

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(seen.head().method(), "POST");
  EXPECT_EQ(seen.head().path(), "/fhir/Patient%20x");
  EXPECT_EQ(seen.head().query(), "name=a%26b&c");
  EXPECT_EQ(seen.head().scheme(), "http");
  EXPECT_EQ(seen.head().authority(), "localhost:1");
  EXPECT_EQ(seen.head().route(), "/fhir");
  EXPECT_EQ(seen.head().content_length(), 4u);
  ASSERT_EQ(seen.head().headers_size(), 2);
  EXPECT_EQ(seen.head().headers(0).name(), "x-one");
  EXPECT_EQ(seen.head().headers(1).value(), "2");
  ASSERT_EQ(seen.head().menu_size(), 1);
  EXPECT_EQ(seen.head().menu(0).label(), "Records");
  EXPECT_EQ(seen.head().menu(0).order(), 3);
  EXPECT_EQ(seen.body(), "body");
  EXPECT_TRUE(seen.end());
}

TEST(HttpExchange, FinishedAnswerHasLengthAndDefaults) {
  Server server;
  server.Serve("/", Hello).Start();

  const HttpReply reply = server.Once(Get("/x"));

  EXPECT_EQ(reply.body, "hello\n");
  EXPECT_EQ(reply.headers.at("content-length"), "6");
  EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(reply.headers.at("cache-control"), "no-store");
  EXPECT_THAT(reply.headers.at("date"), HasSubstr(" GMT"));
  EXPECT_FALSE(reply.headers.contains("server"));
  EXPECT_FALSE(reply.headers.contains("connection"));
}

TEST(HttpExchange, ServiceOverridesDefaultsButNotFraming) {
  Server server;
  server.Serve("/", [](ServiceCall& call) {
    HandleResponse part = Answer(200, "x");
    AddHeader("Cache-Control", "max-age=60", &part);
    AddHeader("Content-Length", "99", &part);
    AddHeader("Server", "mine", &part);
    return call.Write(part);
  });
  server.Start();

  const HttpReply reply = server.Once(Get("/"));

  EXPECT_EQ(reply.headers.at("cache-control"), "max-age=60");
  EXPECT_EQ(reply.headers.at("content-length"), "1");
  EXPECT_FALSE(reply.headers.contains("server"));
}

TEST(HttpExchange, KeepsTheConnectionForTheNextRequest) {
  Server server;
  server.Serve("/", Hello).Start();
  HttpClient client(server.address());

  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Exchange(Get("/")).body, "hello\n");
  const HttpReply last = client.Exchange(Get("/", "Connection: close\r\n"));

  EXPECT_EQ(last.headers.at("connection"), "close");
  EXPECT_TRUE(client.Closed());
}

TEST(HttpExchange, AnswersPipelinedRequestsInOrder) {
  Server server;
  server.Serve("/", [](ServiceCall& call) {
    const HandleRequest request = call.ReadAll();
    return call.Write(Answer(200, request.head().path() + request.body()));
  });
  server.Start();
  HttpClient client(server.address());

  client.Send(Get("/1") + Post("/2", "two") + Get("/3") +
              "POST /4 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
              "4\r\nfour\r\n0\r\n\r\n" +
              Get("/5"));

  for (const char* expected : {"/1", "/2two", "/3", "/4four", "/5"}) {
    EXPECT_EQ(client.Receive().body, expected);
  }
}

TEST(HttpExchange, HeadGetsTheHeadersOfGet) {
  Server server;
  server.Serve("/", Hello).Start();
  HttpClient client(server.address());

  client.Send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const HttpReply head = client.Receive(/*head_only=*/true);
  const HttpReply next = client.Exchange(Get("/"));

  EXPECT_EQ(head.headers.at("content-length"), "6");
  EXPECT_EQ(next.body, "hello\n");
}

TEST(HttpExchange, NoContentHasNeitherBodyNorLength) {
  Server server;
  server.Serve("/", [](ServiceCall& call) { return call.Write(Answer(204, "")); }).Start();
  HttpClient client(server.address());

  const HttpReply first = client.Exchange(Get("/"));
  const HttpReply second = client.Exchange(Get("/"));

  EXPECT_EQ(first.status, 204);
  EXPECT_FALSE(first.headers.contains("content-length"));
  EXPECT_EQ(second.status, 204);
}

TEST(HttpExchange, Http10ClosesUnlessAskedToKeep) {
  Server server;
  server.Serve("/", Hello).Start();
  HttpClient client(server.address());

  const HttpReply kept =
      client.Exchange("GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  const HttpReply last = client.Exchange("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");

  EXPECT_EQ(kept.headers.at("connection"), "keep-alive");
  EXPECT_EQ(last.body, "hello\n");
  EXPECT_TRUE(client.Closed());
}

TEST(HttpExchange, IdentityIsLocalAndNamesTheRequest) {
  Server server;
  common::v1::AuthContext auth;
  server.Serve("/", [&auth](ServiceCall& call) {
    const strata_bytes bytes = call.call()->auth;
    auth.ParseFromArray(bytes.data, static_cast<int>(bytes.size));
    return Hello(call);
  });
  server.Start();

  const HttpReply reply = server.Once(Get("/", "X-Request-Id: abc-1\r\n"));

  EXPECT_EQ(reply.headers.at("x-request-id"), "abc-1");
  EXPECT_EQ(auth.assurance(), common::v1::AuthContext::ASSURANCE_LOCAL);
  EXPECT_EQ(auth.request_id(), "abc-1");
  EXPECT_EQ(auth.client_address(), "127.0.0.1");
}

TEST(HttpExchange, MakesARequestIdInPlaceOfAnUnfitOne) {
  Server server;
  server.Serve("/", Hello).Start();

  const std::string first = server.Once(Get("/", "X-Request-Id: a b\r\n")).headers["x-request-id"];
  const std::string second = server.Once(Get("/")).headers["x-request-id"];

  EXPECT_NE(first, "a b");
  EXPECT_FALSE(first.empty());
  EXPECT_NE(first, second);
}

TEST(HttpExchange, PassesTraceAndDeadline) {
  Server server;
  std::string trace;
  std::int64_t deadline = 0;
  server.options.request_timeout = std::chrono::seconds(5);
  server.Serve("/", [&](ServiceCall& call) {
    const strata_call& raw = *call.call();
    for (std::size_t i = 0; i < raw.metadata_count; ++i) {
      const strata_kv& kv = raw.metadata[i];
      trace += std::string(kv.key.data, kv.key.size) + "=" +
               std::string(reinterpret_cast<const char*>(kv.value.data), kv.value.size);
    }
    deadline = raw.deadline_us;
    return Hello(call);
  });
  server.Start();
  constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  server.Once(Get("/", "traceparent: " + std::string(kTrace) + "\r\nother: x\r\n"));

  EXPECT_EQ(trace, "traceparent=" + std::string(kTrace));
  EXPECT_GT(deadline, 0);
}

TEST(HttpExchange, LogsRouteAndNeverPathOrQuery) {
  Server server;
  server.Serve("/fhir", Hello).Start();

  server.Once("BREW /fhir/Patient/9434765919?name=Smith HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto lines = server.log.Wait(1);

  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].method, "OTHER");
  EXPECT_EQ(lines[0].route, "/fhir");
  EXPECT_EQ(lines[0].slot, "fake");
  EXPECT_EQ(lines[0].status, 200);
  EXPECT_TRUE(lines[0].complete);
  EXPECT_GT(lines[0].bytes_out, 6u);
}

TEST(HttpExchange, HealthReadinessAndMetricsAreBuiltIn) {
  Server server;
  server.Serve("/", Hello).Start();

  EXPECT_EQ(server.Once(Get("/livez")).body, "ok\n");
  EXPECT_EQ(server.Once(Get("/readyz")).status, 200);
  server.ingress.SetReady(false, "slot \"store\" is starting");
  const HttpReply waiting = server.Once(Get("/readyz"));
  const HttpReply metrics = server.Once(Get("/metrics"));

  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(waiting.body, "slot \"store\" is starting\n");
  EXPECT_THAT(metrics.body,
              AllOf(HasSubstr("strata_fake 1"), HasSubstr("strata_http_requests_total")));
}

}  // namespace
}  // namespace strata::testing
