#include "core/gateway/http_head.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace strata::gateway {
namespace {

struct Parsed {
  std::string bytes;
  RequestHead head;
  HeadResult result;
};

std::unique_ptr<Parsed> Parse(std::string bytes, const HeadLimits& limits = {}) {
  auto parsed = std::make_unique<Parsed>();
  parsed->bytes = std::move(bytes);
  std::size_t searched = 0;
  parsed->result =
      ParseHead(parsed->bytes.data(), parsed->bytes.size(), limits, &searched, &parsed->head);
  return parsed;
}

int StatusOf(std::string bytes, const HeadLimits& limits = {}) {
  const auto parsed = Parse(std::move(bytes), limits);
  return parsed->result.state == HeadState::kComplete ? 200 : parsed->result.status;
}

std::string WithHeader(std::string_view line) {
  return "POST / HTTP/1.1\r\nHost: localhost\r\n" + std::string(line) + "\r\n\r\n";
}

std::string WithTarget(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

TEST(HttpHead, ReadsRequestLineAndHeaders) {
  const auto parsed =
      Parse("GET /a/b?c=d?e HTTP/1.1\r\nHost: x:1\r\nAccept:  text/html \r\n\r\nrest");

  ASSERT_EQ(parsed->result.state, HeadState::kComplete);
  const RequestHead& head = parsed->head;
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_EQ(head.query, "c=d?e");
  EXPECT_EQ(head.authority, "x:1");
  EXPECT_EQ(head.Header("accept"), "text/html");
  EXPECT_EQ(head.size, parsed->bytes.size() - 4);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.HasBody());
}

TEST(HttpHead, ByteByByteGivesTheSame) {
  std::string bytes = WithHeader("Content-Length: 3");
  std::size_t searched = 0;
  RequestHead head;

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(ParseHead(bytes.data(), size, {}, &searched, &head).state, HeadState::kIncomplete);
  }
  const HeadResult result = ParseHead(bytes.data(), bytes.size(), {}, &searched, &head);

  EXPECT_EQ(result.state, HeadState::kComplete);
  EXPECT_EQ(head.content_length, 3u);
}

TEST(HttpHead, ParsesTheSameBytesTwice) {
  std::string bytes = "\r\nPUT /x HTTP/1.1\r\nHOST: a\r\nX-Y: Z\r\n\r\n";
  RequestHead head;
  for (int i = 0; i < 2; ++i) {
    std::size_t searched = 0;
    ASSERT_EQ(ParseHead(bytes.data(), bytes.size(), {}, &searched, &head).state,
              HeadState::kComplete);
    EXPECT_EQ(head.Header("x-y"), "Z");
    EXPECT_EQ(head.headers.size(), 2u);
    EXPECT_EQ(head.size, bytes.size());
  }
}

TEST(HttpHead, AuthorityOfTheTargetWins) {
  const auto parsed = Parse("GET http://one:2/p HTTP/1.1\r\nHost: three\r\n\r\n");

  EXPECT_EQ(parsed->head.authority, "one:2");
  EXPECT_EQ(parsed->head.path, "/p");
}

TEST(HttpHead, RefusesShapesThatSmuggle) {
  EXPECT_EQ(StatusOf(WithHeader("Content-Length: 1\r\nContent-Length: 1")), 400);
  EXPECT_EQ(StatusOf(WithHeader("Content-Length: 1, 1")), 400);
  EXPECT_EQ(StatusOf(WithHeader("Content-Length: +1")), 400);
  EXPECT_EQ(StatusOf(WithHeader("Content-Length: 0x1")), 400);
  EXPECT_EQ(StatusOf(WithHeader("Content-Length:")), 400);
  EXPECT_EQ(StatusOf(WithHeader("Content-Length: 1234567890123456789")), 400);
  EXPECT_EQ(StatusOf(WithHeader("Content-Length: 1\r\nTransfer-Encoding: chunked")), 400);
  EXPECT_EQ(StatusOf(WithHeader("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")), 400);
  EXPECT_EQ(StatusOf(WithHeader("Transfer-Encoding : chunked")), 400);
  EXPECT_EQ(StatusOf(WithHeader("X: a\r\n b")), 400);
  EXPECT_EQ(StatusOf(WithHeader("X: a\rb")), 400);
  EXPECT_EQ(StatusOf(WithHeader("X: a\nY: b")), 400);
  EXPECT_EQ(StatusOf(WithHeader(std::string("X: a\0b", 6))), 400);
  EXPECT_EQ(StatusOf(WithHeader("no colon")), 400);
  EXPECT_EQ(StatusOf(WithHeader(": x")), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\nHost: x\n\n"), 400);
  EXPECT_EQ(StatusOf("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(HttpHead, RefusesUnknownTransferCodings) {
  EXPECT_EQ(StatusOf(WithHeader("Transfer-Encoding: gzip, chunked")), 501);
  EXPECT_EQ(StatusOf(WithHeader("Transfer-Encoding: xchunked")), 501);
}

TEST(HttpHead, RequiresOneSaneHost) {
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(WithHeader("Host: other")), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
}

TEST(HttpHead, RefusesMalformedTargets) {
  EXPECT_EQ(StatusOf(WithTarget("x")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/%2")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/%zz")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/a b")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/a#b")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/\xc3\xa9")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/a/../b")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/a/%2E%2e/b")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/a/.")), 400);
  EXPECT_EQ(StatusOf(WithTarget("*")), 400);
  EXPECT_EQ(StatusOf(WithTarget("/a/..b/...")), 200);
}

TEST(HttpHead, RefusesMethodsAndVersions) {
  EXPECT_EQ(StatusOf("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(StatusOf("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(StatusOf("G@T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(StatusOf("PRI * HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(StatusOf("GET /\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
  EXPECT_EQ(StatusOf(std::string("\x16\x03\x01\x02", 4)), 400);
}

TEST(HttpHead, HoldsItsLimits) {
  HeadLimits limits;
  limits.request_line = 40;
  limits.head = 200;
  limits.headers = 3;

  EXPECT_EQ(StatusOf(WithTarget("/" + std::string(40, 'a')), limits), 414);
  EXPECT_EQ(StatusOf("GET /" + std::string(40, 'a'), limits), 414);
  EXPECT_EQ(StatusOf(WithHeader("A: " + std::string(200, 'a')), limits), 431);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nA: " + std::string(200, 'a'), limits), 431);
  EXPECT_EQ(StatusOf(WithHeader("A: 1\r\nB: 2"), limits), 200);
  EXPECT_EQ(StatusOf(WithHeader("A: 1\r\nB: 2\r\nC: 3"), limits), 431);
}

TEST(HttpHead, ReadsConnectionAndExpectation) {
  EXPECT_FALSE(Parse(WithHeader("Connection: x, Close"))->head.keep_alive);
  EXPECT_TRUE(Parse(WithHeader("Expect: 100-Continue"))->head.expect_continue);
  EXPECT_EQ(StatusOf(WithHeader("Expect: magic")), 417);
}

}  // namespace
}  // namespace strata::gateway
