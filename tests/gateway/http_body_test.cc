#include "core/gateway/http_body.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::gateway {
namespace {

struct Decoded {
  std::string body;
  std::string rest;
  bool done = false;
  bool malformed = false;
};

// Feeds `bytes` in pieces of `step`.
Decoded Decode(BodyDecoder decoder, std::string_view bytes, std::size_t step) {
  Decoded out;
  while (!bytes.empty() && !decoder.done() && !decoder.malformed()) {
    std::string_view piece = bytes.substr(0, step);
    const std::size_t before = piece.size();
    while (!piece.empty() && !decoder.done() && !decoder.malformed()) {
      out.body.append(decoder.Next(&piece));
    }
    bytes.remove_prefix(before - piece.size());
  }
  out.rest = bytes;
  out.done = decoder.done();
  out.malformed = decoder.malformed();
  return out;
}

BodyDecoder Chunked() {
  BodyDecoder decoder;
  decoder.Reset(std::nullopt, true);
  return decoder;
}

TEST(HttpBody, ByLengthStopsAtTheLength) {
  BodyDecoder decoder;
  decoder.Reset(5, false);
  for (const std::size_t step : {1u, 3u, 100u}) {
    const Decoded out = Decode(decoder, "helloGET /", step);
    EXPECT_EQ(out.body, "hello");
    EXPECT_EQ(out.rest, "GET /");
    EXPECT_TRUE(out.done);
  }
}

TEST(HttpBody, NoLengthIsDoneAtOnce) {
  BodyDecoder decoder;
  decoder.Reset(std::nullopt, false);
  EXPECT_TRUE(decoder.done());
}

TEST(HttpBody, ChunksInPiecesOfAnySize) {
  constexpr std::string_view kBytes =
      "3\r\nabc\r\nA;name=\"v\"\r\n0123456789\r\n000\r\nTrailer: x\r\nOther: y\r\n\r\nnext";
  for (const std::size_t step : {1u, 2u, 7u, 100u}) {
    const Decoded out = Decode(Chunked(), kBytes, step);
    EXPECT_EQ(out.body, "abc0123456789");
    EXPECT_EQ(out.rest, "next");
    EXPECT_TRUE(out.done);
  }
}

TEST(HttpBody, RefusesMalformedChunks) {
  for (const std::string_view bytes :
       {"\r\n", "g\r\n", "-1\r\n", " 1\r\na\r\n", "1\na", "1\r\nab\r\n", "1\r\na\n", "1 \r\na",
        "1234567890abcdef0\r\n", "1;a\nb\r\n", "0\r\n\nx", "0\r\nA\nB"}) {
    EXPECT_TRUE(Decode(Chunked(), bytes, 1).malformed) << bytes;
  }
}

TEST(HttpBody, LimitsExtensionsAndTrailers) {
  EXPECT_TRUE(Decode(Chunked(), "1;" + std::string(20'000, 'x'), 1000).malformed);
  EXPECT_TRUE(Decode(Chunked(), "0\r\n" + std::string(20'000, 'x'), 1000).malformed);
}

}  // namespace
}  // namespace strata::gateway
