// Search parameters that a store defines itself: FHIR R4 searchparameter.html.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/contract/data_fixture.h"

namespace strata::contract {
namespace {

class DataCustom : public DataContract {
 protected:
  static std::string Definition(std::string_view code, std::string_view type, std::string_view base,
                                std::string_view expression, std::string_view more = {}) {
    std::string text = R"({"resourceType":"SearchParameter","id":"sp","status":"active","code":")";
    text.append(code).append(R"(","type":")").append(type).append(R"(","base":[)").append(base);
    return text.append(R"(],"expression":")").append(expression).append("\"").append(more) + "}";
  }
  Result<data::WriteResponse> Define(std::string_view code, std::string_view type,
                                     std::string_view base, std::string_view expression,
                                     std::string_view more = {}) {
    return Update("SearchParameter", "sp", Definition(code, type, base, expression, more));
  }
  // Searches until the parameter can be used: while it is being indexed it is refused.
  Result<data::SearchResponse> SearchOnceIndexed(
      std::string_view type, const std::vector<std::pair<std::string, std::string>>& parameters) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(50);
    auto found = Search(type, parameters);
    while (!found.ok() && IssueOf(found.status()) == "transient" &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      found = Search(type, parameters);
    }
    return found;
  }
};

TEST_P(DataCustom, AParameterFindsWhatWasThereAndWhatComes) {
  for (int i = 0; i < 300; ++i) {
    const std::string id = "p" + std::to_string(i);
    const std::string nick = i % 100 == 0 ? "Zed" : "Abe";
    ASSERT_TRUE(Update("Patient", id,
                       R"({"resourceType":"Patient","id":")" + id +
                           R"(","name":[{"use":"nickname","given":[")" + nick + R"("]}]})")
                    .ok());
  }
  ASSERT_TRUE(
      Define("nick", "string", "\"Patient\"", "Patient.name.where(use = 'nickname').given").ok());
  const auto before = SearchOnceIndexed("Patient", {{"nick", "zed"}});
  ASSERT_TRUE(before.ok()) << before.status().ToString();
  EXPECT_EQ(before->entries_size(), 3);

  ASSERT_TRUE(
      Update("Patient", "new",
             R"({"resourceType":"Patient","id":"new","name":[{"use":"nickname","given":["ZED"]}]})")
          .ok());
  ASSERT_TRUE(Update("Patient", "p0", R"({"resourceType":"Patient","id":"p0"})").ok());
  EXPECT_EQ(Search("Patient", {{"nick", "zed"}})->entries_size(), 3);
  EXPECT_EQ(Search("Patient", {{"nick:exact", "ZED"}})->entries_size(), 1);
  EXPECT_FALSE(Search("Observation", {{"nick", "zed"}}).ok());

  ASSERT_TRUE(Delete("SearchParameter", "sp").ok());
  EXPECT_EQ(IssueOf(Search("Patient", {{"nick", "zed"}}).status()), "not-supported");
}

TEST_P(DataCustom, BrokenDefinitionsAreRefusedWithTheReason) {
  const auto reason = [&](const Result<data::WriteResponse>& refused) {
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument);
    return OutcomeOf(refused.status()).issues(0).expression(0);
  };
  EXPECT_EQ(reason(Define("x", "string", "\"Patient\"", "Patient.name..given")),
            "SearchParameter.expression");
  EXPECT_EQ(reason(Define("x", "string", "\"Patient\"", "Patient.nothing")),
            "SearchParameter.expression");
  EXPECT_EQ(reason(Define("x", "quantity", "\"Patient\"", "Patient.active")),
            "SearchParameter.expression");
  EXPECT_EQ(reason(Define("x", "string", "\"Nothing\"", "Patient.name")),
            "SearchParameter.base[0]");
  EXPECT_EQ(reason(Define("x", "string", "", "Patient.name")), "SearchParameter.base");
  EXPECT_EQ(reason(Define("x", "nonsense", "\"Patient\"", "Patient.name")), "SearchParameter.type");
  EXPECT_EQ(reason(Define("gender", "token", "\"Patient\"", "Patient.gender")),
            "SearchParameter.code");
  EXPECT_EQ(reason(Define("a b", "token", "\"Patient\"", "Patient.gender")),
            "SearchParameter.code");
  const std::string chained =
      R"(,"component":[{"definition":"http://hl7.org/fhir/SearchParameter/Observation-code-value-string","expression":"code"},)"
      R"({"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"code"}])";
  EXPECT_EQ(reason(Define("x", "composite", "\"Observation\"", "Observation", chained)),
            "SearchParameter.component[0].definition");
  EXPECT_FALSE(Read("SearchParameter", "sp").ok());
}

TEST_P(DataCustom, ADefinitionMayChangeAndTwoMayNotClash) {
  ASSERT_TRUE(
      Update("Patient", "p",
             R"({"resourceType":"Patient","id":"p","maritalStatus":{"coding":[{"code":"M"}]},)"
             R"("communication":[{"preferred":true,"language":{"coding":[{"code":"de"}]}}]})")
          .ok());
  ASSERT_TRUE(Define("own", "token", "\"Patient\"", "Patient.maritalStatus").ok());
  EXPECT_EQ(SearchOnceIndexed("Patient", {{"own", "M"}})->entries_size(), 1);

  const auto clash =
      Create("SearchParameter", Definition("own", "token", "\"Patient\"", "Patient.gender"));
  EXPECT_EQ(IssueOf(clash.status()), "duplicate");
  ASSERT_TRUE(Define("own", "token", "\"Patient\"", "Patient.communication.language").ok());
  EXPECT_EQ(SearchOnceIndexed("Patient", {{"own", "de"}})->entries_size(), 1);
  EXPECT_EQ(Search("Patient", {{"own", "M"}})->entries_size(), 0);
}

TEST_P(DataCustom, ParametersOfAllTypesAndCompositesWork) {
  ASSERT_TRUE(
      Update(
          "Patient", "p",
          R"({"resourceType":"Patient","id":"p","identifier":[{"value":"1"}],"name":[{"family":"Fox"}]})")
          .ok());
  ASSERT_TRUE(Define("test-id", "token", "\"Resource\"", "Resource.id").ok());
  const std::string components =
      R"(,"component":[{"definition":"http://hl7.org/fhir/SearchParameter/Patient-identifier","expression":"identifier"},)"
      R"({"definition":"http://hl7.org/fhir/SearchParameter/individual-family","expression":"name.family"}])";
  ASSERT_TRUE(Create("SearchParameter",
                     Definition("id-family", "composite", "\"Patient\"", "Patient", components))
                  .ok());

  EXPECT_EQ(SearchOnceIndexed("Patient", {{"test-id", "p"}})->entries_size(), 1);
  EXPECT_EQ(SearchOnceIndexed("SearchParameter", {{"test-id", "sp"}})->entries_size(), 1);
  EXPECT_EQ(SearchOnceIndexed("Patient", {{"id-family", "1$fox"}})->entries_size(), 1);
  data::DescribeResponse described;
  ASSERT_TRUE(client().Describe(cx(), {}, &described).ok());
  EXPECT_NE(described.capability_rest_json().find("id-family"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Stacks, DataCustom, ::testing::ValuesIn(Stacks()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace strata::contract
