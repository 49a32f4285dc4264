#include <set>
#include <string>

#include "core/base/gzip.h"
#include "tests/services/fhir_api_fixture.h"

namespace strata::testing {
namespace {

namespace pb = data::v1;

const HttpHeaders kJson = {{"content-type", "application/fhir+json"}};

HttpHeaders With(HttpHeaders headers, const std::string& name, const std::string& value) {
  headers.emplace_back(name, value);
  return headers;
}

class FhirWrite : public FhirApiFixture {
 protected:
  void SetUp() override {
    FhirApiFixture::SetUp();
    data_.on_create = [this](const pb::CreateRequest& request, pb::WriteResponse* response) {
      create_ = request;
      Fill(request.type(), "new", response);
      response->set_created(true);
      return next_;
    };
    data_.on_update = [this](const pb::UpdateRequest& request, pb::WriteResponse* response) {
      update_ = request;
      request_ids_.insert(request.request_id());
      Fill(request.type(), request.id(), response);
      return next_;
    };
    data_.on_patch = [this](const pb::PatchRequest& request, pb::WriteResponse* response) {
      patch_ = request;
      Fill(request.type(), request.id(), response);
      return next_;
    };
    data_.on_delete = [this](const pb::DeleteRequest& request, pb::DeleteResponse* response) {
      delete_ = request;
      response->set_deleted(1);
      response->set_version_id("4");
      return next_;
    };
  }

  static void Fill(const std::string& type, const std::string& id, pb::WriteResponse* response) {
    pb::Resource* resource = response->mutable_resource();
    resource->set_type(type);
    resource->set_id(id);
    resource->set_version_id("3");
    resource->set_last_updated_us(1'600'000'000'000'000);
    resource->set_json(R"({"stored":true})");
  }

  Status next_;
  pb::CreateRequest create_;
  pb::UpdateRequest update_;
  pb::PatchRequest patch_;
  pb::DeleteRequest delete_;
  std::set<std::string> request_ids_;
};

TEST_F(FhirWrite, CreateAnswersWhereItIs) {
  const HttpAnswer answer = browser_->Send("POST", "/fhir/Patient", kJson, R"({"a":1.10})");

  EXPECT_EQ(answer.code, 201u);
  EXPECT_EQ(create_.json(), R"({"a":1.10})");
  EXPECT_FALSE(create_.conditional());
  EXPECT_EQ(answer.Header("location"), "http://strata.test/fhir/Patient/new/_history/3");
  EXPECT_EQ(answer.Header("etag"), "W/\"3\"");
  EXPECT_EQ(answer.Header("last-modified"), "Sun, 13 Sep 2020 12:26:40 GMT");
  EXPECT_EQ(answer.body, R"({"stored":true})");
}

TEST_F(FhirWrite, PreferSaysWhatComesBack) {
  const auto send = [&](const std::string& prefer) {
    return browser_->Send("POST", "/fhir/Patient", With(kJson, "prefer", prefer), "{}");
  };

  EXPECT_EQ(send("return=minimal").body, "");
  EXPECT_EQ(send("return=representation").body, R"({"stored":true})");
  ExpectOutcome(send("return=OperationOutcome"), 201, "informational");
}

TEST_F(FhirWrite, ConditionalCreateHandsOnItsSearch) {
  browser_->Send("POST", "/fhir/Patient", With(kJson, "if-none-exist", "identifier=http://x%7C1"),
                 "{}");

  EXPECT_TRUE(create_.conditional());
  ASSERT_EQ(create_.if_none_exist_size(), 1);
  EXPECT_EQ(create_.if_none_exist(0).value(), "http://x|1");
  ExpectOutcome(browser_->Send("POST", "/fhir/Patient", With(kJson, "if-none-exist", "?"), "{}"),
                400, "value");
}

TEST_F(FhirWrite, UpdateHandsOnItsConditions) {
  const HttpAnswer answer =
      browser_->Send("PUT", "/fhir/Patient/7", With(kJson, "if-match", "W/\"2\""), "{}");

  EXPECT_EQ(answer.code, 200u);
  EXPECT_EQ(update_.id(), "7");
  EXPECT_EQ(update_.if_match_version_id(), "2");
  EXPECT_EQ(answer.Header("location"), "");
  EXPECT_EQ(answer.Header("content-location"), "http://strata.test/fhir/Patient/7/_history/3");
  browser_->Send("PUT", "/fhir/Patient/7", With(kJson, "if-none-match", "*"), "{}");
  EXPECT_TRUE(update_.if_none_match_any());
  browser_->Send("PUT", "/fhir/Patient/7", With(kJson, "if-match", "*"), "{}");
  EXPECT_EQ(update_.if_match_version_id(), "*");
  ExpectOutcome(
      browser_->Send("PUT", "/fhir/Patient/7", With(kJson, "if-match", "\"1\", \"2\""), "{}"), 400,
      "value");
}

TEST_F(FhirWrite, ConditionalFormsNeedASearch) {
  browser_->Send("PUT", "/fhir/Patient?identifier=1", kJson, "{}");
  EXPECT_TRUE(update_.conditional());
  EXPECT_EQ(update_.condition(0).name(), "identifier");
  browser_->Send("DELETE", "/fhir/Patient?identifier=1", {}, "");
  EXPECT_TRUE(delete_.conditional());
  EXPECT_FALSE(delete_.multiple());
  for (const char* method : {"PUT", "DELETE"}) {
    ExpectOutcome(browser_->Send(method, "/fhir/Patient", kJson, "{}"), 400, "required");
  }
}

TEST_F(FhirWrite, SeveralMatchesAreDeletedOnlyWhenConfigured) {
  Start(R"({"conditional_delete_multiple":true})");

  browser_->Send("DELETE", "/fhir/Patient?active=false", {}, "");

  EXPECT_TRUE(delete_.multiple());
}

TEST_F(FhirWrite, PatchTellsItsFormats) {
  const HttpHeaders json_patch = {{"content-type", "application/json-patch+json"}};

  browser_->Send("PATCH", "/fhir/Patient/7", json_patch, "[]");
  EXPECT_EQ(patch_.format(), pb::PatchRequest::FORMAT_JSON_PATCH);
  EXPECT_EQ(patch_.patch(), "[]");
  browser_->Send("PATCH", "/fhir/Patient?identifier=1", kJson, "{}");
  EXPECT_EQ(patch_.format(), pb::PatchRequest::FORMAT_FHIRPATH_PATCH);
  EXPECT_TRUE(patch_.conditional());
  next_ = Unimplemented("no patch yet");
  ExpectOutcome(browser_->Send("PATCH", "/fhir/Patient/7", json_patch, "[]"), 501, "not-supported");
}

TEST_F(FhirWrite, DeleteAnswersNoContentOrAnOutcome) {
  const HttpAnswer answer =
      browser_->Send("DELETE", "/fhir/Patient/7", {{"if-match", "W/\"3\""}}, "");

  EXPECT_EQ(answer.code, 204u);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.Header("etag"), "W/\"4\"");
  EXPECT_EQ(delete_.if_match_version_id(), "3");
  ExpectOutcome(
      browser_->Send("DELETE", "/fhir/Patient/7", {{"prefer", "return=OperationOutcome"}}, ""), 200,
      "informational");
}

TEST_F(FhirWrite, RefusalsOfTheRecordKeepTheirMeaning) {
  next_ = DataError(Code::kFailedPrecondition, "conflict", "another version is current");
  ExpectOutcome(browser_->Send("PUT", "/fhir/Patient/7", kJson, "{}"), 412, "conflict");
  next_ = DataError(Code::kInvalidArgument, "value", "the id in the body is another");
  ExpectOutcome(browser_->Send("PUT", "/fhir/Patient/7", kJson, "{}"), 400, "value");
  next_ = DataError(Code::kFailedPrecondition, "multiple-matches", "two");
  ExpectOutcome(browser_->Send("PUT", "/fhir/Patient?a=b", kJson, "{}"), 412, "multiple-matches");
}

TEST_F(FhirWrite, OtherContentTypesAreRefused) {
  for (const char* type : {"application/fhir+xml", "text/plain", ""}) {
    const HttpHeaders headers = {{"content-type", type}};
    ExpectOutcome(browser_->Send("POST", "/fhir/Patient", headers, "x"), 415, "not-supported");
    ExpectOutcome(browser_->Send("PUT", "/fhir/Patient/1", headers, "x"), 415, "not-supported");
    ExpectOutcome(browser_->Send("PATCH", "/fhir/Patient/1", headers, "x"), 415, "not-supported");
    ExpectOutcome(browser_->Send("POST", "/fhir", headers, "x"), 415, "not-supported");
  }
  ExpectOutcome(browser_->Send("POST", "/fhir/Patient", With(kJson, "content-encoding", "br"), "x"),
                415, "not-supported");
}

TEST_F(FhirWrite, TakesGzipBodiesAndRefusesBombs) {
  Start(R"({"max_body_bytes":100000})");
  const HttpHeaders gzip = With(kJson, "content-encoding", "gzip");
  const auto compress = [](const std::string& text) {
    std::string out;
    web::GzipWriter writer;
    writer.Write(text, &out);
    writer.Finish(&out);
    return out;
  };

  EXPECT_EQ(browser_->Send("POST", "/fhir/Patient", gzip, compress(R"({"a":1})")).code, 201u);
  EXPECT_EQ(create_.json(), R"({"a":1})");
  ExpectOutcome(browser_->Send("POST", "/fhir/Patient", gzip, compress(std::string(200000, ' '))),
                413, "too-long");
  ExpectOutcome(browser_->Send("POST", "/fhir/Patient", gzip, "{}"), 400, "structure");
  ExpectOutcome(browser_->Send("POST", "/fhir/Patient", gzip, compress("{}").substr(0, 15)), 400,
                "structure");
}

TEST_F(FhirWrite, ARepeatedRequestIsTheSameChangeAndAnotherIsNot) {
  const auto put = [&](const char* target, const char* body) {
    browser_->Send("PUT", target, kJson, body);
    return update_.request_id();
  };

  const std::string first = put("/fhir/Patient/1", "{}");

  EXPECT_EQ(put("/fhir/Patient/1", "{}"), first);
  EXPECT_NE(put("/fhir/Patient/2", "{}"), first);
  EXPECT_NE(put("/fhir/Patient/1", "{ }"), first);
  browser_->subject = "somebody else";
  EXPECT_NE(put("/fhir/Patient/1", "{}"), first);
  browser_->request_id = "";
  EXPECT_NE(put("/fhir/Patient/1", "{}"), put("/fhir/Patient/1", "{}"));
}

}  // namespace
}  // namespace strata::testing
