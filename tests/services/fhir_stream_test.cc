#include <string>
#include <vector>

#include "tests/services/fhir_api_fixture.h"

namespace strata::testing {
namespace {

namespace pb = data::v1;

using FhirTransaction = FhirApiFixture;
using FhirOperation = FhirApiFixture;

const HttpHeaders kJson = {{"content-type", "application/fhir+json"}};

TEST_F(FhirTransaction, StreamsBothWays) {
  std::vector<std::string> pieces;
  pb::TransactionRequest head;
  data_.on_transaction = [&](Reader<pb::TransactionRequest>& reader,
                             Writer<pb::TransactionResponse>& writer) {
    const Status status = reader.ForEach([&](pb::TransactionRequest& part) {
      if (pieces.empty()) head = part;
      pieces.push_back(part.bundle());
      return Status();
    });
    pb::TransactionResponse response;
    response.set_type("transaction");
    pb::TransactionEntry* entry = response.add_entries();
    entry->set_status(201);
    entry->set_method("POST");
    entry->mutable_resource()->set_type("Patient");
    entry->mutable_resource()->set_id("1");
    entry->mutable_resource()->set_version_id("1");
    entry->mutable_resource()->set_json(R"({"x":1.10})");
    entry = response.add_entries();
    entry->set_status(204);
    entry->set_method("DELETE");
    static_cast<void>(writer.Write(response));
    return status;
  };

  const HttpAnswer answer = browser_->SendParts("POST", "/fhir", kJson, {"{\"a\":", "1", "}"});

  EXPECT_EQ(pieces, (std::vector<std::string>{"{\"a\":", "1", "}"}));
  EXPECT_EQ(head.base_url(), "http://strata.test/fhir/");
  EXPECT_FALSE(head.request_id().empty());
  auto bundle = json::Document::Parse(answer.body);
  ASSERT_TRUE(bundle.ok()) << answer.body;
  const json::Value root = (*bundle).root();
  EXPECT_EQ(root["type"].string(), "transaction-response");
  EXPECT_EQ(root["entry"].At(0)["response"]["status"].string(), "201 Created");
  EXPECT_EQ(root["entry"].At(0)["response"]["location"].string(), "Patient/1/_history/1");
  EXPECT_FALSE(root["entry"].At(0)["resource"]);
  EXPECT_EQ(root["entry"].At(1)["response"]["status"].string(), "204 No Content");
}

TEST_F(FhirTransaction, GivesResourcesWhenAskedTo) {
  data_.on_transaction = [](Reader<pb::TransactionRequest>&,
                            Writer<pb::TransactionResponse>& writer) {
    pb::TransactionResponse response;
    response.set_type("batch");
    pb::TransactionEntry* entry = response.add_entries();
    entry->set_status(200);
    entry->set_method("PUT");
    entry->mutable_resource()->set_json(R"({"x":1.10})");
    entry = response.add_entries();
    entry->set_status(200);
    entry->set_method("GET");
    entry->set_bundle_json(R"({"resourceType":"Bundle"})");
    entry = response.add_entries();
    entry->set_status(404);
    entry->set_method("GET");
    entry->mutable_outcome()->add_issues()->set_code("not-found");
    static_cast<void>(writer.Write(response));
    return Status();
  };
  HttpHeaders headers = kJson;
  headers.emplace_back("prefer", "return=representation");

  const HttpAnswer answer = browser_->Send("POST", "/fhir", headers, "{}");

  auto bundle = json::Document::Parse(answer.body);
  ASSERT_TRUE(bundle.ok()) << answer.body;
  const json::Value entries = (*bundle).root()["entry"];
  EXPECT_EQ((*bundle).root()["type"].string(), "batch-response");
  EXPECT_EQ(entries.At(0)["resource"]["x"].lexeme(), "1.10");
  EXPECT_EQ(entries.At(1)["resource"]["resourceType"].string(), "Bundle");
  EXPECT_EQ(entries.At(2)["response"]["outcome"]["issue"].At(0)["code"].string(), "not-found");
}

TEST_F(FhirTransaction, ABodyThatIsTooLongEndsAsBroken) {
  Start(R"({"max_body_bytes":1024})");
  Status seen;
  data_.on_transaction = [&](Reader<pb::TransactionRequest>& reader,
                             Writer<pb::TransactionResponse>&) {
    seen = reader.ForEach([](pb::TransactionRequest&) { return Status(); });
    return seen;
  };

  const HttpAnswer answer =
      browser_->SendParts("POST", "/fhir", kJson, {std::string(1000, ' '), std::string(1000, ' ')});

  ExpectOutcome(answer, 413, "too-long");
  EXPECT_FALSE(seen.ok());
}

TEST_F(FhirTransaction, AFailureIsOneOutcome) {
  data_.on_transaction = [](Reader<pb::TransactionRequest>&, Writer<pb::TransactionResponse>&) {
    return DataError(Code::kInvalidArgument, "invariant", "entry 3 has no request");
  };

  ExpectOutcome(browser_->Send("POST", "/fhir", kJson, "{}"), 422, "invariant");
}

TEST_F(FhirOperation, HandsOnGetAndPost) {
  pb::OperateRequest head;
  std::string body;
  data_.on_operate = [&](Reader<pb::OperateRequest>& reader, Writer<pb::OperateResponse>& writer) {
    body.clear();
    bool first = true;
    const Status status = reader.ForEach([&](pb::OperateRequest& part) {
      if (first) head = part;
      first = false;
      body += part.body();
      return Status();
    });
    pb::OperateResponse response;
    for (const char* piece : {"{\"a\":", "1.10}"}) {
      response.set_json(piece);
      static_cast<void>(writer.Write(response));
    }
    return status;
  };

  EXPECT_EQ(browser_->Get("/fhir/Patient/1/$everything?start=2020").body, "{\"a\":1.10}");
  EXPECT_EQ(head.operation() + head.type() + head.id(), "$everythingPatient1");
  EXPECT_EQ(head.parameters(0).value(), "2020");
  browser_->SendParts("POST", "/fhir/$x", kJson, {"{", "}"});
  EXPECT_EQ(body, "{}");
  const HttpHeaders form = {{"content-type", "application/x-www-form-urlencoded"}};
  browser_->Send("POST", "/fhir/$x", form, "a=1");
  EXPECT_EQ(head.parameters(0).name(), "a");
}

TEST_F(FhirOperation, EntriesBecomeABundleWithPages) {
  data_.on_operate = [](Reader<pb::OperateRequest>&, Writer<pb::OperateResponse>& writer) {
    pb::OperateResponse response;
    pb::Resource* resource = response.add_entries()->mutable_resource();
    resource->set_type("Patient");
    resource->set_id("1");
    resource->set_json("{}");
    response.set_next_page_token("p");
    response.set_total(5);
    static_cast<void>(writer.Write(response));
    return Status();
  };

  const HttpAnswer answer = browser_->Get("/fhir/Patient/1/$everything");

  auto bundle = json::Document::Parse(answer.body);
  ASSERT_TRUE(bundle.ok()) << answer.body;
  EXPECT_EQ((*bundle).root()["total"].lexeme(), "5");
  EXPECT_EQ((*bundle).root()["link"].At(1)["url"].string(),
            "http://strata.test/fhir/Patient/1/$everything?_page=p");
}

TEST_F(FhirOperation, UnknownOnesAreNotImplemented) {
  ExpectOutcome(browser_->Get("/fhir/$nonsense"), 501, "not-supported");
}

}  // namespace
}  // namespace strata::testing
