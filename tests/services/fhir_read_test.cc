#include <string>

#include "core/base/gzip.h"
#include "tests/services/fhir_api_fixture.h"

namespace strata::testing {
namespace {

namespace pb = data::v1;

using FhirRead = FhirApiFixture;
using FhirSearch = FhirApiFixture;
using FhirHistory = FhirApiFixture;
using FhirMetadata = FhirApiFixture;
using FhirAddress = FhirApiFixture;

constexpr char kPatient[] = R"({"resourceType":"Patient","id":"1","weight":1.10})";

TEST_F(FhirRead, GivesTheBytesAndTheirVersion) {
  data_.Add(kPatient);

  const HttpAnswer answer = browser_->Get("/fhir/Patient/1");

  EXPECT_EQ(answer.code, 200u);
  EXPECT_EQ(answer.body, kPatient);
  EXPECT_EQ(answer.parts, 1u);
  EXPECT_EQ(answer.Header("etag"), "W/\"1\"");
  EXPECT_EQ(answer.Header("last-modified"), "Sun, 13 Sep 2020 12:26:40 GMT");
}

TEST_F(FhirRead, HandsOnVersionAndParameters) {
  pb::ReadRequest seen;
  data_.on_read = [&](const pb::ReadRequest& request, pb::ReadResponse* response) {
    seen = request;
    response->mutable_resource()->set_json("{}");
    return Status();
  };

  browser_->Get("/fhir/Patient/1/_history/7?_elements=name&_format=json");

  EXPECT_EQ(seen.version_id(), "7");
  ASSERT_EQ(seen.parameters_size(), 1);
  EXPECT_EQ(seen.parameters(0).name(), "_elements");
}

TEST_F(FhirRead, AnswersNotModified) {
  data_.Add(kPatient);

  EXPECT_EQ(browser_->Get("/fhir/Patient/1", {{"if-none-match", "W/\"1\""}}).code, 304u);
  EXPECT_EQ(browser_->Get("/fhir/Patient/1", {{"if-none-match", "W/\"0\", W/\"1\""}}).code, 304u);
  EXPECT_EQ(browser_->Get("/fhir/Patient/1", {{"if-none-match", "W/\"2\""}}).code, 200u);
}

TEST_F(FhirRead, HandsOnIfModifiedSinceUnlessThereIsATag) {
  pb::ReadRequest seen;
  data_.on_read = [&](const pb::ReadRequest& request, pb::ReadResponse* response) {
    seen = request;
    response->set_not_modified(true);
    return Status();
  };
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";

  EXPECT_EQ(browser_->Get("/fhir/Patient/1", {{"if-modified-since", date}}).code, 304u);
  EXPECT_EQ(seen.if_modified_since_us(), 784'111'777'000'000);
  browser_->Get("/fhir/Patient/1", {{"if-modified-since", date}, {"if-none-match", "W/\"1\""}});
  EXPECT_EQ(seen.if_modified_since_us(), 0);
  EXPECT_EQ(seen.if_none_match_version_id(), "1");
}

TEST_F(FhirRead, TellsMissingFromDeleted) {
  ExpectOutcome(browser_->Get("/fhir/Patient/none"), 404, "not-found");
  data_.on_read = [](const pb::ReadRequest&, pb::ReadResponse*) {
    return DataError(Code::kNotFound, "deleted", "gone");
  };
  ExpectOutcome(browser_->Get("/fhir/Patient/1"), 410, "deleted");
}

TEST_F(FhirRead, IndentsOnRequestAndCompressesWhatIsLong) {
  const std::string text(20000, 'x');
  data_.Add(R"({"resourceType":"Patient","id":"1","t":")" + text + "\"}");
  data_.Add(R"({"resourceType":"Patient","id":"2"})");

  const HttpAnswer pretty = browser_->Get("/fhir/Patient/2?_pretty=true");
  EXPECT_EQ(pretty.body, "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"2\"\n}\n");
  const HttpAnswer small = browser_->Get("/fhir/Patient/2", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(small.Header("content-encoding"), "");
  const HttpAnswer large = browser_->Get("/fhir/Patient/1", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(large.Header("content-encoding"), "gzip");
  std::string plain;
  web::GunzipReader gunzip(1 << 20);
  ASSERT_TRUE(gunzip.Write(large.body, &plain).ok());
  EXPECT_TRUE(gunzip.complete());
  EXPECT_EQ(plain, browser_->Get("/fhir/Patient/1").body);
}

TEST_F(FhirRead, SendsLongResourcesInPieces) {
  data_.Add(R"({"resourceType":"Patient","id":"1","t":")" + std::string(300'000, 'x') + "\"}");

  const HttpAnswer answer = browser_->Get("/fhir/Patient/1");

  EXPECT_GT(answer.parts, 3u);
  EXPECT_TRUE(json::Document::Parse(answer.body).ok());
}

TEST_F(FhirAddress, RefusesFormatsMethodsAndAddresses) {
  data_.Add(kPatient);

  ExpectOutcome(browser_->Get("/fhir/Patient/1", {{"accept", "application/fhir+xml"}}), 406,
                "not-supported");
  ExpectOutcome(browser_->Get("/fhir/Patient/1?_format=xml", {{"accept", "application/json"}}), 406,
                "not-supported");
  EXPECT_EQ(browser_->Get("/fhir/Patient/1?_format=json", {{"accept", "text/html"}}).code, 200u);
  ExpectOutcome(browser_->Get("/fhir/patient/1"), 404, "not-found");
  ExpectOutcome(browser_->Get("/fhir/Patient?x=%zz"), 400, "invalid");
  const HttpAnswer wrong = browser_->Send("DELETE", "/fhir/metadata", {}, "");
  ExpectOutcome(wrong, 405, "not-supported");
  EXPECT_EQ(wrong.Header("allow"), "GET, HEAD");
  const HttpAnswer options = browser_->Send("OPTIONS", "/fhir/Patient/1", {}, "");
  EXPECT_EQ(options.code, 204u);
  EXPECT_EQ(options.Header("allow"), "GET, HEAD, PUT, PATCH, DELETE");
}

TEST_F(FhirSearch, WritesASearchsetWithLinks) {
  data_.page_size = 2;
  for (const char* id : {"1", "2", "3"}) {
    data_.Add(R"({"resourceType":"Patient","id":")" + std::string(id) +
              R"(","name":[{"family":"Lee"}],"x":1.10})");
  }

  const HttpAnswer answer = browser_->Get("/fhir/Patient?name=le&_pretty=false");

  auto bundle = json::Document::Parse(answer.body);
  ASSERT_TRUE(bundle.ok()) << answer.body;
  const json::Value root = (*bundle).root();
  EXPECT_EQ(root["type"].string(), "searchset");
  EXPECT_EQ(root["total"].lexeme(), "3");
  ASSERT_EQ(root["entry"].size(), 2u);
  const json::Value entry = root["entry"].At(0);
  EXPECT_EQ(entry["fullUrl"].string(), "http://strata.test/fhir/Patient/1");
  EXPECT_EQ(entry["search"]["mode"].string(), "match");
  EXPECT_EQ(entry["resource"]["x"].lexeme(), "1.10");
  EXPECT_EQ(root["link"].At(0)["relation"].string(), "self");
  EXPECT_EQ(root["link"].At(0)["url"].string(), "http://strata.test/fhir/Patient?name=le");
  EXPECT_EQ(root["link"].At(1)["url"].string(), "http://strata.test/fhir/Patient?name=le&_page=2");

  const HttpAnswer next = browser_->Get("/fhir/Patient?name=le&_page=2");
  EXPECT_THAT(next.body, ::testing::HasSubstr("/Patient/3"));
  EXPECT_THAT(next.body, ::testing::Not(::testing::HasSubstr("\"next\"")));
}

TEST_F(FhirSearch, PostGetAndCompartmentsAskTheSame) {
  pb::SearchRequest seen;
  data_.on_search = [&](const pb::SearchRequest& request, Writer<pb::SearchResponse>& writer) {
    seen = request;
    static_cast<void>(writer.Write({}));
    return Status();
  };
  const HttpHeaders form = {{"content-type", "application/x-www-form-urlencoded"}};

  browser_->Send("POST", "/fhir/Patient/9/Observation/_search?code=a", form, "date=ge2020&x=%20");

  EXPECT_EQ(seen.type(), "Observation");
  EXPECT_EQ(seen.compartment_type() + seen.compartment_id(), "Patient9");
  ASSERT_EQ(seen.parameters_size(), 3);
  EXPECT_EQ(seen.parameters(1).value(), "ge2020");
  EXPECT_EQ(seen.handling(), pb::HANDLING_STRICT);
  browser_->Get("/fhir/Patient/9/*", {{"prefer", "handling=lenient"}});
  EXPECT_EQ(seen.type(), "");
  EXPECT_EQ(seen.handling(), pb::HANDLING_LENIENT);
  ExpectOutcome(browser_->Send("POST", "/fhir/_search", {{"content-type", "text/plain"}}, "a=b"),
                415, "not-supported");
}

TEST_F(FhirSearch, ExplainsInsteadOfAnswering) {
  const HttpAnswer answer = browser_->Get("/fhir/Patient?name=le&_explain=true");

  EXPECT_EQ(answer.code, 200u);
  auto explained = json::Document::Parse(answer.body);
  ASSERT_TRUE(explained.ok()) << answer.body;
  const json::Value parameters = explained->root()["parameter"];
  EXPECT_EQ(explained->root()["resourceType"].string(), "Parameters");
  EXPECT_EQ(parameters.At(0)["name"].string(), "text");
  EXPECT_EQ(parameters.At(1)["part"].At(2)["name"].string(), "rowsRead");
  EXPECT_EQ(parameters.At(1)["part"].At(2)["valueDecimal"].lexeme(), "7");
  ExpectOutcome(browser_->Get("/fhir/Patient?_explain=maybe"), 400, "value");
}

TEST_F(FhirSearch, ShowsWarningsAndWhatWasUsed) {
  data_.on_search = [&](const pb::SearchRequest&, Writer<pb::SearchResponse>& writer) {
    pb::SearchResponse response;
    pb::Issue* issue = response.mutable_outcome()->add_issues();
    issue->set_severity(pb::Issue::SEVERITY_WARNING);
    issue->set_code("not-supported");
    static_cast<void>(writer.Write(response));
    return Status();
  };

  const HttpAnswer answer =
      browser_->Get("/fhir/Patient?nonsense=1", {{"prefer", "handling=lenient"}});

  auto bundle = json::Document::Parse(answer.body);
  ASSERT_TRUE(bundle.ok()) << answer.body;
  EXPECT_EQ((*bundle).root()["entry"].At(0)["search"]["mode"].string(), "outcome");
  EXPECT_EQ((*bundle).root()["link"].At(0)["url"].string(), "http://strata.test/fhir/Patient");
}

TEST_F(FhirSearch, FailsWholeOrCutsTheConnection) {
  bool long_first = false;
  data_.on_search = [&](const pb::SearchRequest&, Writer<pb::SearchResponse>& writer) {
    pb::SearchResponse response;
    response.add_entries()->mutable_resource()->set_json(
        "{\"x\":\"" + std::string(long_first ? 200'000 : 10, 'x') + "\"}");
    static_cast<void>(writer.Write(response));
    return DataError(Code::kDataLoss, "exception", "a page is broken");
  };

  ExpectOutcome(browser_->Get("/fhir/Patient"), 500, "exception");
  long_first = true;
  const HttpAnswer cut = browser_->Get("/fhir/Patient");
  EXPECT_EQ(cut.code, 200u);
  EXPECT_EQ(cut.status.code(), Code::kDataLoss);
}

TEST_F(FhirHistory, ListsVersionsAndDeletions) {
  pb::HistoryRequest seen;
  data_.on_history = [&](const pb::HistoryRequest& request, Writer<pb::HistoryResponse>& writer) {
    seen = request;
    pb::HistoryResponse response;
    for (const pb::Change change : {pb::CHANGE_DELETED, pb::CHANGE_UPDATED, pb::CHANGE_CREATED}) {
      pb::Resource* resource = response.add_resources();
      resource->set_type("Patient");
      resource->set_id("1");
      resource->set_version_id("3");
      resource->set_last_updated_us(1'600'000'000'123'456);
      if (change != pb::CHANGE_DELETED) resource->set_json(kPatient);
      resource->set_change(change);
    }
    response.set_next_page_token("t/1");
    response.set_previous_page_token("t/0");
    static_cast<void>(writer.Write(response));
    return Status();
  };

  const HttpAnswer answer = browser_->Get("/fhir/Patient/1/_history?_count=3&_since=2020-01-01");

  EXPECT_EQ(seen.count(), 3u);
  EXPECT_EQ(seen.since_us(), 1'577'836'800'000'000);
  auto bundle = json::Document::Parse(answer.body);
  ASSERT_TRUE(bundle.ok()) << answer.body;
  const json::Value entries = (*bundle).root()["entry"];
  EXPECT_EQ(entries.At(0)["request"]["method"].string(), "DELETE");
  EXPECT_FALSE(entries.At(0)["resource"]);
  EXPECT_EQ(entries.At(1)["request"]["url"].string(), "Patient/1");
  EXPECT_EQ(entries.At(1)["response"]["etag"].string(), "W/\"3\"");
  EXPECT_EQ(entries.At(1)["response"]["lastModified"].string(), "2020-09-13T12:26:40.123Z");
  EXPECT_EQ(entries.At(2)["request"]["method"].string(), "POST");
  EXPECT_EQ((*bundle).root()["link"].At(1)["url"].string(),
            "http://strata.test/fhir/Patient/1/_history?_count=3&_since=2020-01-01&_page=t%2F1");
  EXPECT_EQ((*bundle).root()["link"].At(2)["relation"].string(), "previous");
  EXPECT_EQ((*bundle).root()["link"].At(2)["url"].string(),
            "http://strata.test/fhir/Patient/1/_history?_count=3&_since=2020-01-01&_page=t%2F0");
}

TEST_F(FhirHistory, RefusesWhatItDoesNotKnow) {
  ExpectOutcome(browser_->Get("/fhir/_history?name=x"), 400, "not-supported");
  ExpectOutcome(browser_->Get("/fhir/_history?_since=yesterday"), 400, "value");
  ExpectOutcome(browser_->Get("/fhir/_history?_count=many"), 400, "value");
}

TEST_F(FhirMetadata, IsACapabilityStatementWithATag) {
  const HttpAnswer answer = browser_->Get("/fhir/metadata");

  auto statement = json::Document::Parse(answer.body);
  ASSERT_TRUE(statement.ok()) << answer.body;
  const json::Value root = (*statement).root();
  EXPECT_EQ(root["resourceType"].string(), "CapabilityStatement");
  EXPECT_EQ(root["fhirVersion"].string(), "4.0.1");
  EXPECT_EQ(root["rest"].At(0)["mode"].string(), "server");
  EXPECT_EQ(root["implementation"]["url"].string(), "http://strata.test/fhir");
  EXPECT_EQ(browser_->Get("/fhir/metadata", {{"if-none-match", answer.Header("etag")}}).code, 304u);
  EXPECT_EQ(browser_->Get("/fhir/metadata?mode=normative").code, 200u);
  ExpectOutcome(browser_->Get("/fhir/metadata?mode=terminology"), 400, "not-supported");
}

}  // namespace
}  // namespace strata::testing
