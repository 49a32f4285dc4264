#include "plugins/data_fhir/subset/subset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace strata::fhir::subset {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr std::string_view kPatient = R"({"resourceType":"Patient","id":"1",
  "meta":{"versionId":"3","tag":[{"system":"s","code":"c"}]},
  "text":{"status":"generated","div":"<div>Ana</div>"},
  "contained":[{"resourceType":"Organization","id":"o"}],
  "identifier":[{"system":"s","value":"1.10"}],"active":true,"_active":{"id":"x"},
  "maritalStatus":{"text":"M"},
  "photo":[{"data":"AAAA"}],
  "contact":[{"gender":"male"}],
  "link":[{"other":{"reference":"Patient/2"},"type":"refer","id":"l"}]})";
constexpr std::string_view kObservation = R"({"resourceType":"Observation","id":"1",
  "status":"final","code":{"text":"c"},"issued":"2020-01-01T00:00:00Z",
  "valueQuantity":{"value":1.50},"method":{"text":"m"},
  "referenceRange":[{"low":{"value":1}}],
  "component":[{"code":{"text":"x"},"valueInteger":1,"referenceRange":[{"text":"r"}]}]})";

std::set<std::string> MembersOf(std::string_view text) {
  const auto document = json::Document::Parse(text);
  std::set<std::string> names;
  for (const json::Member& m : document->root().members()) names.emplace(m.name);
  return names;
}

std::string Cut(const Subset& subset, std::string_view text, Role role = Role::kMatch) {
  const auto document = json::Document::Parse(text);
  return subset.Cut(document->root(), role);
}

Subset Summarised(std::string_view value) {
  Subset subset;
  EXPECT_TRUE(subset.AddSummary(value).ok());
  return subset;
}

Subset WithElements(std::string_view value, std::string_view type) {
  Subset subset;
  const Status status = subset.AddElements(value, type);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return subset;
}

TEST(Subset, SummaryTrueKeepsWhatTheDefinitionsMark) {
  const std::string patient = Cut(Summarised("true"), kPatient);

  EXPECT_THAT(MembersOf(patient), UnorderedElementsAre("resourceType", "id", "meta", "identifier",
                                                       "active", "_active", "link"));
  EXPECT_THAT(patient, HasSubstr(R"("value":"1.10")"));
  EXPECT_THAT(patient, HasSubstr(R"("code":"c"},{"system":"http://terminology.hl7.org/CodeSystem)"
                                 R"(/v3-ObservationValue","code":"SUBSETTED"}])"));
}

TEST(Subset, SummaryTrueGoesIntoElements) {
  const std::string observation = Cut(Summarised("true"), kObservation);

  EXPECT_THAT(MembersOf(observation),
              UnorderedElementsAre("resourceType", "id", "meta", "status", "code", "issued",
                                   "valueQuantity", "component"));
  EXPECT_THAT(observation, HasSubstr("valueInteger"));
  EXPECT_THAT(observation, Not(HasSubstr("referenceRange")));
  EXPECT_THAT(observation, HasSubstr("1.50"));
}

TEST(Subset, SummaryTextKeepsNarrativeAndMandatoryElements) {
  EXPECT_THAT(MembersOf(Cut(Summarised("text"), kPatient)),
              UnorderedElementsAre("resourceType", "id", "meta", "text"));
  EXPECT_THAT(MembersOf(Cut(Summarised("text"), kObservation)),
              UnorderedElementsAre("resourceType", "id", "meta", "status", "code"));
}

TEST(Subset, SummaryDataDropsTheNarrativeOnly) {
  const std::string patient = Cut(Summarised("data"), kPatient);

  EXPECT_THAT(patient, Not(HasSubstr("Ana")));
  EXPECT_EQ(MembersOf(patient).size(), MembersOf(kPatient).size() - 1);
}

TEST(Subset, ElementsKeepMandatoryOnesAndTheMark) {
  const std::string observation = Cut(WithElements("value,component", "Observation"), kObservation);

  EXPECT_THAT(MembersOf(observation), UnorderedElementsAre("resourceType", "id", "meta", "status",
                                                           "code", "valueQuantity", "component"));
  EXPECT_THAT(observation, HasSubstr("SUBSETTED"));
  EXPECT_EQ(observation, Cut(WithElements("value[x],component", "Observation"), kObservation));
  EXPECT_EQ(observation, Cut(WithElements("valueQuantity,component", "Observation"), kObservation));
}

TEST(Subset, ElementsOfATypeReachIncludedResources) {
  const Subset plain = WithElements("active", "Patient");
  const Subset typed = WithElements("active,Observation.issued", "Patient");

  EXPECT_EQ(MembersOf(Cut(plain, kObservation, Role::kInclude)), MembersOf(kObservation));
  EXPECT_THAT(MembersOf(Cut(typed, kObservation, Role::kInclude)),
              UnorderedElementsAre("resourceType", "id", "meta", "status", "code", "issued"));
  EXPECT_THAT(MembersOf(Cut(typed, kPatient)),
              UnorderedElementsAre("resourceType", "id", "meta", "active", "_active"));
}

TEST(Subset, NothingAskedForChangesNothing) {
  EXPECT_TRUE(Summarised("false").is_whole());
  EXPECT_FALSE(Summarised("true").is_whole());
  EXPECT_EQ(Cut(Summarised("false"), R"({"resourceType":"Patient","id":"1"})"),
            R"({"resourceType":"Patient","id":"1"})");
}

TEST(Subset, IsMarkedOnce) {
  const std::string once = Cut(Summarised("data"), kPatient);
  const std::string twice = Cut(Summarised("data"), once);

  EXPECT_EQ(once, twice);
}

TEST(Subset, RefusesWhatItDoesNotKnow) {
  Subset subset;
  EXPECT_THAT(subset.AddSummary("yes").message(), HasSubstr("true, text, data"));
  EXPECT_THAT(subset.AddElements("shoeSize", "Patient").message(), HasSubstr("birthDate"));
  EXPECT_THAT(subset.AddElements("name.family", "Patient").message(), HasSubstr("top-level"));
  EXPECT_TRUE(subset.AddElements("name", "Patient").ok());
  EXPECT_THAT(subset.AddSummary("text").message(), HasSubstr("exclude"));
  EXPECT_TRUE(subset.AddSummary("count").ok());
}

}  // namespace
}  // namespace strata::fhir::subset
