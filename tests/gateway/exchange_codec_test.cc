// The hand-written codec against the generated classes.

#include "core/gateway/exchange_codec.h"

#include <gtest/gtest.h>

#include "core/gateway/wire.h"
#include "strata/common/v1/common.pb.h"
#include "strata/service/v1/service.pb.h"

namespace strata::gateway {
namespace {

using service::v1::HandleRequest;
using service::v1::HandleResponse;

TEST(ExchangeCodec, GeneratedClassesReadTheRequest) {
  RequestHead head;
  head.method = "PUT";
  head.path = "/p";
  head.query = "q";
  head.authority = "localhost:1";
  head.content_length = 300;
  const std::string long_value(200, 'v');
  head.headers = {{"accept", "x"}, {"host", "localhost:1"}, {"long", long_value}};
  const std::string menu = EncodeMenu({{"Label", "/m", -7}});
  ExchangeHead exchange;
  exchange.request = &head;
  exchange.scheme = "https";
  exchange.route = "/r";
  exchange.menu = menu;
  std::string scratch;
  std::string bytes;

  EncodeExchangeHead(exchange, &scratch, &bytes);
  EncodeBodyPart("body", /*end=*/true, &bytes);

  HandleRequest request;
  ASSERT_TRUE(request.ParseFromString(bytes));
  EXPECT_EQ(request.head().method(), "PUT");
  EXPECT_EQ(request.head().path(), "/p");
  EXPECT_EQ(request.head().query(), "q");
  EXPECT_EQ(request.head().authority(), "localhost:1");
  EXPECT_EQ(request.head().content_length(), 300u);
  EXPECT_EQ(request.head().scheme(), "https");
  EXPECT_EQ(request.head().route(), "/r");
  ASSERT_EQ(request.head().headers_size(), 2);
  EXPECT_EQ(request.head().headers(1).value(), long_value);
  ASSERT_EQ(request.head().menu_size(), 1);
  EXPECT_EQ(request.head().menu(0).order(), -7);
  EXPECT_EQ(request.body(), "body");
  EXPECT_TRUE(request.end());
  EXPECT_EQ(request.SerializeAsString(), bytes);
}

TEST(ExchangeCodec, ReadsWhatGeneratedClassesWrite) {
  HandleResponse response;
  response.mutable_head()->set_status(404);
  service::v1::Header* header = response.mutable_head()->add_headers();
  header->set_name("content-type");
  header->set_value("text/plain");
  response.set_body(std::string(1000, 'b'));
  response.set_end(true);
  const std::string bytes = response.SerializeAsString();

  ResponsePart part;
  ASSERT_TRUE(DecodeResponsePart(bytes, &part));

  EXPECT_TRUE(part.has_head);
  EXPECT_EQ(part.status, 404u);
  ASSERT_EQ(part.headers.size(), 1u);
  EXPECT_EQ(part.headers[0].name, "content-type");
  EXPECT_EQ(part.headers[0].value, "text/plain");
  EXPECT_EQ(part.body.size(), 1000u);
  EXPECT_TRUE(part.end);
}

TEST(ExchangeCodec, EveryTruncationIsRefusedOrShort) {
  HandleResponse response;
  response.mutable_head()->set_status(200);
  response.set_body("body");
  const std::string bytes = response.SerializeAsString();
  ResponsePart part;

  int refused = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (!DecodeResponsePart(std::string_view(bytes).substr(0, size), &part)) ++refused;
  }
  EXPECT_EQ(refused, static_cast<int>(bytes.size()) - 2);  // all but "" and the head alone
}

TEST(ExchangeCodec, StepsOverUnknownFields) {
  std::string bytes;
  AppendUint(77, 5, &bytes);
  AppendBytes(78, "unknown", &bytes);
  bytes.append(
      "\xf9\x04"
      "12345678",
      10);  // field 79, fixed64
  EncodeBodyPart("x", true, &bytes);

  ResponsePart part;
  ASSERT_TRUE(DecodeResponsePart(bytes, &part));
  EXPECT_EQ(part.body, "x");
}

TEST(ExchangeCodec, IdentityIsReadable) {
  std::string bytes;
  EncodeLocalAuth("r-1", "127.0.0.1", &bytes);

  common::v1::AuthContext auth;
  ASSERT_TRUE(auth.ParseFromString(bytes));
  EXPECT_EQ(auth.assurance(), common::v1::AuthContext::ASSURANCE_LOCAL);
  EXPECT_EQ(auth.request_id(), "r-1");
  EXPECT_EQ(auth.client_address(), "127.0.0.1");
}

}  // namespace
}  // namespace strata::gateway
