// Before login exists: only this machine, only its own pages.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/http_service.h"

namespace strata::testing {
namespace {

strata_code Hello(ServiceCall& call) { return call.Write(Answer(200, "hello\n")); }

TEST(HttpSecurity, RefusesToListenForOtherMachines) {
  FakeIngress ingress;
  gateway::HttpOptions options;
  options.address = "0.0.0.0:0";

  const auto started = gateway::HttpGateway::Start(options, &ingress);

  EXPECT_EQ(started.status().code(), Code::kFailedPrecondition);
}

TEST(HttpSecurity, AnswersUnderNamesOfThisMachineOnly) {
  Server server;
  server.Serve("/", Hello).Start();

  for (const char* host : {"evil.example", "10.0.0.1:80"}) {
    for (const char* path : {"/", "/metrics"}) {
      const std::string request =
          "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
      EXPECT_EQ(server.Once(request).status, 421) << host << path;
    }
  }
  EXPECT_EQ(server.Once("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status, 200);
}

TEST(HttpSecurity, OtherSitesChangeNothing) {
  Server server;
  server.Serve("/", Hello).Start();

  EXPECT_EQ(server.Once(Post("/", "x", "Origin: http://evil.example\r\n")).status, 403);
  EXPECT_EQ(server.Once(Post("/", "x", "Origin: null\r\n")).status, 403);
  EXPECT_EQ(server.Once(Post("/", "x", "Origin: http://localhost:3000\r\n")).status, 403);
  EXPECT_EQ(server.Once(Post("/", "x", "Origin: http://localhost\r\n")).status, 200);
  EXPECT_EQ(server.Once(Get("/", "Origin: http://evil.example\r\n")).status, 200);
}

TEST(HttpSecurity, SmugglingShapesEndTheConnection) {
  Server server;
  server.Serve("/", Hello).Start();

  for (const char* lines :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n", "Transfer-Encoding: chunked\r\n x: y\r\n",
        "Transfer-Encoding : chunked\r\n"}) {
    HttpClient client(server.address());
    client.Send("POST / HTTP/1.1\r\nHost: localhost\r\n" + std::string(lines) +
                "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.Receive().status, 400) << lines;
    EXPECT_TRUE(client.Closed()) << lines;
  }
}

TEST(HttpSecurity, MalformedChunksEndTheConnection) {
  Server server;
  server.Serve("/", Hello).Start();
  HttpClient client(server.address());

  const HttpReply reply = client.Exchange(
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n");

  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(client.Closed());
}

}  // namespace
}  // namespace strata::testing
