// From a plugin's status to the client: proto/strata/service/v1/README.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/gateway/http_answer.h"
#include "tests/gateway/http_service.h"

namespace strata::testing {
namespace {

using service::v1::HandleResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Service Failing(strata_code code, std::string message) {
  return [code, message](ServiceCall& call) { return call.Fail(code, message); };
}

TEST(HttpErrors, EveryCodeHasItsStatus) {
  const std::vector<std::pair<strata_code, int>> expected = {{STRATA_UNKNOWN, 500},
                                                             {STRATA_INVALID_ARGUMENT, 400},
                                                             {STRATA_DEADLINE_EXCEEDED, 504},
                                                             {STRATA_NOT_FOUND, 404},
                                                             {STRATA_ALREADY_EXISTS, 409},
                                                             {STRATA_PERMISSION_DENIED, 403},
                                                             {STRATA_RESOURCE_EXHAUSTED, 429},
                                                             {STRATA_FAILED_PRECONDITION, 400},
                                                             {STRATA_ABORTED, 409},
                                                             {STRATA_OUT_OF_RANGE, 400},
                                                             {STRATA_UNIMPLEMENTED, 501},
                                                             {STRATA_INTERNAL, 500},
                                                             {STRATA_UNAVAILABLE, 503},
                                                             {STRATA_DATA_LOSS, 500},
                                                             {STRATA_UNAUTHENTICATED, 401},
                                                             {99, 500}};
  Server server;
  strata_code code = STRATA_OK;
  server.Serve("/", [&code](ServiceCall& call) { return call.Fail(code, "why"); }).Start();
  HttpClient client(server.address());

  for (const auto& [wanted, status] : expected) {
    code = wanted;
    EXPECT_EQ(client.Exchange(Get("/")).status, status) << wanted;
  }
}

TEST(HttpErrors, TellsTheCallerWhatTheCallerCanChange) {
  Server server;
  server.Serve("/", Failing(STRATA_NOT_FOUND, "no page \"4\"")).Start();

  const HttpReply reply = server.Once(Get("/", "X-Request-Id: r7\r\n"));

  EXPECT_EQ(reply.headers.at("content-type"), "application/problem+json");
  EXPECT_EQ(reply.body,
            R"({"type":"about:blank","title":"Not Found","status":404,"detail":"no page \"4\"",)"
            R"("request_id":"r7"})"
            "\n");
}

TEST(HttpErrors, KeepsInnerTroubleInside) {
  Server server;
  server.Serve("/", Failing(STRATA_INTERNAL, "secret path /var/x")).Start();

  EXPECT_THAT(server.Once(Get("/")).body, Not(HasSubstr("secret")));
}

TEST(HttpErrors, SpeaksHtmlToBrowsersAndTextToTerminals) {
  Server server;
  server.Serve("/", Failing(STRATA_INVALID_ARGUMENT, "<b>&")).Start();

  const HttpReply html = server.Once(Get("/", "Accept: text/html,*/*;q=0.8\r\n"));
  const HttpReply text = server.Once(Get("/", "Accept: text/plain\r\n"));

  EXPECT_THAT(html.body, AllOf(HasSubstr("<h1>400 Bad Request</h1>"), HasSubstr("&lt;b>&amp;")));
  EXPECT_EQ(text.body.substr(0, 21), "400 Bad Request\n<b>&\n");
}

TEST(HttpErrors, UnavailableAsksToTryAgain) {
  Server server;
  server.Serve("/", Failing(STRATA_UNAVAILABLE, "x")).Start();

  EXPECT_EQ(server.Once(Get("/")).headers.at("retry-after"), "1");
}

TEST(HttpErrors, AfterTheHeadTheConnectionIsCut) {
  Server server;
  server.Serve("/", [](ServiceCall& call) {
    EXPECT_EQ(call.Write(Answer(200, "begin", /*end=*/false)), STRATA_OK);
    return call.Fail(STRATA_INTERNAL, "broke");
  });
  server.Start();
  HttpClient client(server.address());

  const HttpReply reply = client.Exchange(Get("/"));

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "begin");
  EXPECT_FALSE(reply.whole);
  EXPECT_TRUE(client.Closed());
  EXPECT_FALSE(server.log.Wait(1)[0].complete);
}

TEST(HttpErrors, OkWithoutAnAnswerIsAnError) {
  Server server;
  server.Serve("/", [](ServiceCall&) { return STRATA_OK; }).Start();

  EXPECT_EQ(server.Once(Get("/")).status, 500);
}

TEST(HttpErrors, AnswersThatSplitHeadersAreRefused) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"x", "a\r\nSet-Cookie: b"}, {"x", "a\nb"}, {"x\r\ny", "a"}, {"", "a"}, {"a b", "c"}}) {
    Server server;
    server.Serve("/", [&name, &value](ServiceCall& call) {
      HandleResponse part = Answer(200, "body");
      AddHeader(name, value, &part);
      return call.Write(part);
    });
    server.Start();

    const HttpReply reply = server.Once(Get("/"));

    EXPECT_EQ(reply.status, 500) << name;
    EXPECT_FALSE(reply.headers.contains("set-cookie"));
  }
}

TEST(HttpErrors, AnswersWithoutAFinalStatusAreRefused) {
  Server server;
  int status = 0;
  server.Serve("/", [&status](ServiceCall& call) { return call.Write(Answer(status, "")); });
  server.Start();

  for (const int wrong : {0, 100, 101, 199, 600}) {
    status = wrong;
    EXPECT_EQ(server.Once(Get("/")).status, 500) << wrong;
  }
}

TEST(HttpErrors, GarbledAnswersAreRefused) {
  Server server;
  server.Serve("/", [](ServiceCall& call) {
    const std::string bytes = "\x0a\x7f";
    return call.call()->ops->write(
        call.call(), {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  });
  server.Start();

  EXPECT_EQ(server.Once(Get("/")).status, 500);
}

}  // namespace
}  // namespace strata::testing
