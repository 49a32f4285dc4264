// batch and transaction bundles: FHIR R4 http.html#transaction.
#include <gtest/gtest.h>

#include "tests/contract/data_fixture.h"

namespace strata::contract {
namespace {

class DataBundles : public DataContract {
 protected:
  static std::string Bundle(std::string_view type, const std::vector<std::string>& entries) {
    std::string text =
        R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)";
    for (const std::string& entry : entries)
      text.append(text.back() == '[' ? "" : ",").append(entry);
    return text + "]}";
  }
  static std::string Entry(std::string_view method, std::string_view url,
                           std::string_view resource = {}, std::string_view full_url = {},
                           std::string_view more = {}) {
    std::string text = "{";
    if (!full_url.empty()) text.append(R"("fullUrl":")").append(full_url).append("\",");
    if (!resource.empty()) text.append(R"("resource":)").append(resource).append(",");
    text.append(R"("request":{"method":")").append(method).append(R"(","url":")").append(url);
    return text.append("\"").append(more).append("}}");
  }
  std::size_t Versions() {
    const auto all = History({});
    return all.ok() ? all->size() : 0;
  }
};

constexpr std::string_view kPatient =
    R"({"resourceType":"Patient","identifier":[{"system":"urn:ids","value":"7"}]})";

TEST_P(DataBundles, LinksBetweenEntriesBecomeReferences) {
  const std::string observation =
      R"({"resourceType":"Observation","status":"final","code":{"text":"urn:uuid:a"},)"
      R"("subject":{"reference":"urn:uuid:a"},"identifier":[{"value":"urn:uuid:a"}],)"
      R"("text":{"status":"generated","div":"<div><a href=\"urn:uuid:a\">urn:uuid:a</a></div>"},)"
      R"("extension":[{"url":"http://x","valueUri":"urn:uuid:a"},)"
      R"({"url":"http://y","valueString":"urn:uuid:a"}]})";
  const auto done =
      Transaction(Bundle("transaction", {Entry("POST", "Observation", observation, "urn:uuid:b"),
                                         Entry("POST", "Patient", kPatient, "urn:uuid:a")}));

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  ASSERT_EQ(done->size(), 2u);
  EXPECT_EQ((*done)[0].status(), 201u);
  const std::string patient = "Patient/" + (*done)[1].resource().id();
  const auto stored = Read("Observation", (*done)[0].resource().id());
  const auto document = json::Document::Parse(stored->resource().json());
  const json::Value root = document->root();
  EXPECT_EQ(root["subject"]["reference"].string(), patient);
  EXPECT_EQ(root["text"]["div"].string(), "<div><a href=\"" + patient + "\">urn:uuid:a</a></div>");
  EXPECT_EQ(root["extension"].At(0)["valueUri"].string(), patient);
  EXPECT_EQ(root["extension"].At(1)["valueString"].string(), "urn:uuid:a");
  EXPECT_EQ(root["identifier"].At(0)["value"].string(), "urn:uuid:a");
  EXPECT_EQ(root["code"]["text"].string(), "urn:uuid:a");
}

TEST_P(DataBundles, RelativeLinksFollowTheFullUrlOfTheirEntry) {
  const std::string observation =
      R"({"resourceType":"Observation","subject":{"reference":"Patient/9"}})";
  const auto done = Transaction(
      Bundle("transaction",
             {Entry("POST", "Patient", kPatient, "http://other.org/r4/Patient/9"),
              Entry("POST", "Observation", observation, "http://other.org/r4/Observation/1"),
              Entry("POST", "Observation", observation, "http://third.org/r4/Observation/1")}));

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  EXPECT_NE((*done)[1].resource().json().find("Patient/" + (*done)[0].resource().id()),
            std::string::npos);
  EXPECT_NE((*done)[2].resource().json().find("\"Patient/9\""), std::string::npos);
}

TEST_P(DataBundles, ConditionalReferencesFindStoredResourcesAndThoseOfTheTransaction) {
  ASSERT_TRUE(
      Create("Practitioner", R"({"resourceType":"Practitioner","identifier":[{"value":"d"}]})")
          .ok());
  const std::string observation =
      R"({"resourceType":"Observation","subject":{"reference":"Patient?identifier=urn:ids|7"},)"
      R"("performer":[{"reference":"Practitioner?identifier=d"}]})";
  const auto done = Transaction(Bundle("transaction", {Entry("POST", "Observation", observation),
                                                       Entry("POST", "Patient", kPatient)}));
  const auto none = Transaction(Bundle(
      "transaction",
      {Entry("POST", "Patient", kPatient),
       Entry(
           "POST", "Observation",
           R"({"resourceType":"Observation","subject":{"reference":"Patient?identifier=zz"}})")}));

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  EXPECT_NE((*done)[0].resource().json().find("Patient/" + (*done)[1].resource().id()),
            std::string::npos);
  EXPECT_EQ((*done)[0].resource().json().find("identifier=d"), std::string::npos);
  EXPECT_EQ(none.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(IssueOf(none.status()), "not-found");
  EXPECT_EQ(OutcomeOf(none.status()).issues(0).expression(0), "Bundle.entry[1]");
  EXPECT_EQ(Versions(), 3u);  // nothing of the refused one
}

TEST_P(DataBundles, AFullUrlOfTwoEntriesIsRefused) {
  constexpr std::string_view kUrl = "urn:uuid:5b2c0c1a-0000-4000-8000-000000000001";

  const auto refused =
      Transaction(Bundle("transaction", {Entry("POST", "Patient", kPatient, kUrl),
                                         Entry("POST", "Patient", kPatient, kUrl)}));

  EXPECT_EQ(refused.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(IssueOf(refused.status()), "duplicate");
  EXPECT_EQ(OutcomeOf(refused.status()).issues(0).expression(0), "Bundle.entry[1].fullUrl");
  EXPECT_EQ(Versions(), 0u);
}

TEST_P(DataBundles, ATransactionThatFailsChangesNothing) {
  ASSERT_TRUE(Update("Patient", "p", R"({"resourceType":"Patient","id":"p"})").ok());

  const auto refused = Transaction(
      Bundle("transaction", {Entry("POST", "Patient", kPatient), Entry("DELETE", "Patient/p"),
                             Entry("PUT", "Patient/q", R"({"resourceType":"Patient","id":"q"})", {},
                                   R"(,"ifMatch":"W/\"4\"")")}));

  EXPECT_EQ(refused.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(OutcomeOf(refused.status()).issues(0).expression(0), "Bundle.entry[2].http.If-Match");
  EXPECT_EQ(Versions(), 1u);
}

TEST_P(DataBundles, TwoEntriesAboutOneResourceAreRefused) {
  const std::string p = R"({"resourceType":"Patient","id":"p"})";

  const auto twice = Transaction(
      Bundle("transaction", {Entry("PUT", "Patient/p", p), Entry("DELETE", "Patient/p")}));
  const auto condition = Transaction(Bundle(
      "transaction", {Entry("PUT", "Patient?identifier=7", kPatient),
                      Entry("POST", "Patient", kPatient, {}, R"(,"ifNoneExist":"identifier=7")")}));

  EXPECT_EQ(IssueOf(twice.status()), "duplicate");
  EXPECT_EQ(IssueOf(condition.status()), "duplicate");
  EXPECT_EQ(Versions(), 0u);
}

TEST_P(DataBundles, ConditionalEntriesCreateOnceThenFindAndUpdate) {
  const std::string create = Bundle(
      "transaction",
      {Entry("POST", "Patient", kPatient, "urn:uuid:a", R"(,"ifNoneExist":"identifier=urn:ids|7")"),
       Entry("POST", "Observation",
             R"({"resourceType":"Observation","subject":{"reference":"urn:uuid:a"}})")});
  const auto first = Transaction(create);
  const auto second = Transaction(create);
  const auto update = Transaction(
      Bundle("transaction",
             {Entry("PUT", "Patient?identifier=7",
                    R"({"resourceType":"Patient","active":true,"identifier":[{"value":"7"}]})")}));

  ASSERT_TRUE(first.ok()) << first.status().ToString();
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ((*second)[0].status(), 200u);
  EXPECT_EQ((*second)[0].resource().id(), (*first)[0].resource().id());
  EXPECT_NE((*second)[1].resource().json().find((*first)[0].resource().id()), std::string::npos);
  EXPECT_EQ((*update)[0].resource().version_id(), "2");
}

TEST_P(DataBundles, ARepeatedTransactionAnswersAsTheFirst) {
  const std::string bundle = Bundle(
      "transaction", {Entry("POST", "Patient", kPatient), Entry("POST", "Patient", kPatient)});

  const auto first = Transaction(bundle, "tx-1");
  const auto repeated = Transaction(bundle, "tx-1");

  ASSERT_TRUE(repeated.ok()) << repeated.status().ToString();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*repeated)[i].SerializeAsString(), (*first)[i].SerializeAsString());
  }
  EXPECT_EQ(Versions(), 2u);
}

TEST_P(DataBundles, EntriesOfABatchStandAloneAndRunInTheStandardsOrder) {
  const std::string p = R"({"resourceType":"Patient","id":"p"})";
  ASSERT_TRUE(Update("Patient", "old", R"({"resourceType":"Patient","id":"old"})").ok());

  const auto done =
      Transaction(Bundle("batch", {Entry("GET", "Patient/p"), Entry("PUT", "Patient/p", p),
                                   Entry("DELETE", "Patient/old"), Entry("GET", "Patient/old"),
                                   Entry("POST", "Nonsense", p), Entry("GET", "Patient?_id=p"),
                                   Entry("GET", "Patient/p/_history"),
                                   Entry("PATCH", "Patient/p", p), Entry("FLY", "Patient/p")}));

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  const std::vector<std::uint32_t> expected = {200, 201, 204, 410, 404, 200, 200, 400, 400};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*done)[i].status(), expected[i]) << i;
    EXPECT_EQ((*done)[i].outcome().issues_size() > 0, expected[i] >= 400) << i;
  }
  const auto found = json::Document::Parse((*done)[5].bundle_json());
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->root()["type"].string(), "searchset");
  EXPECT_EQ(found->root()["entry"].size(), 1u);
  EXPECT_EQ(found->root()["entry"].At(0)["fullUrl"].string(), "http://example.org/fhir/Patient/p");
  EXPECT_NE((*done)[6].bundle_json().find(R"("type":"history")"), std::string::npos);
}

TEST_P(DataBundles, ReadsOfATransactionSeeWhatItWrote) {
  const auto done = Transaction(Bundle(
      "transaction", {Entry("GET", "Patient?identifier=7"), Entry("POST", "Patient", kPatient)}));

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  EXPECT_NE((*done)[0].bundle_json().find((*done)[1].resource().id()), std::string::npos);
}

TEST_P(DataBundles, ATransactionLargerThanAMessageIsOneCommit) {
  std::vector<std::string> entries;
  for (int i = 0; i < 3000; ++i) {
    entries.push_back(Entry("POST", "Observation",
                            R"({"resourceType":"Observation","status":"final","valueString":"n)" +
                                std::to_string(i) + "\"}"));
  }
  const auto done = Transaction(Bundle("transaction", entries));

  ASSERT_TRUE(done.ok()) << done.status().ToString();
  EXPECT_EQ(done->size(), 3000u);
  data::HistoryRequest page;
  page.set_count(1000);
  EXPECT_EQ(History(page)->size(), 3000u);
}

TEST_P(DataBundles, OtherBundlesAndBrokenOnesAreRefused) {
  EXPECT_EQ(IssueOf(Transaction("{").status()), "structure");
  EXPECT_EQ(IssueOf(Transaction(std::string(kPatient)).status()), "structure");
  EXPECT_EQ(IssueOf(Transaction(Bundle("collection", {})).status()), "value");
  EXPECT_EQ(IssueOf(Transaction(Bundle("transaction", {"{}"})).status()), "required");
}

INSTANTIATE_TEST_SUITE_P(Stacks, DataBundles, ::testing::ValuesIn(Stacks()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace strata::contract
