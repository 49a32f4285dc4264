#include "plugins/data_fhir/index/extract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plugins/data_fhir/index/derived.h"
#include "plugins/data_fhir/index/encode.h"
#include "plugins/data_fhir/index/number_value.h"
#include "plugins/data_fhir/layout/hash.h"

namespace strata::fhir::index {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// The index values of one parameter of a resource.
std::vector<std::string> ValuesOf(std::string_view json, std::string_view parameter,
                                  layout::ParameterNumber bits = 0) {
  const auto document = json::Document::Parse(json);
  if (!document.ok()) return {document.status().ToString()};
  const json::Value root = document->root();
  EntryList entries;
  Extractor::R4().Extract(layout::TypeNumberOf(root["resourceType"].string()), root, &entries);
  const auto number =
      static_cast<layout::ParameterNumber>(layout::ParameterNumberOf(parameter) | bits);
  const EntryList::Range range = entries.RangeOf(number);
  std::vector<std::string> values;
  for (std::size_t i = range.first; i < range.last; ++i) values.emplace_back(entries[i].value);
  return values;
}

std::string Token(std::string_view system, std::string_view code) {
  std::string out;
  AppendToken(system, code, &out);
  return out;
}
std::string String(std::string_view folded) {
  std::string out;
  AppendString(folded, &out);
  return out;
}
std::string Local(std::string_view type, std::string_view id) {
  std::string out;
  AppendLocalReference(type, id, &out);
  return out;
}
std::string Date(std::string_view text) {
  std::string out;
  AppendDate(*ParseDate(text), &out);
  return out;
}

TEST(Extractor, CompilesEveryOfficialParameter) {
  EXPECT_THAT(Extractor::R4().Faults(), IsEmpty());
}

// What the standard's parameters find but its tables give no meaning in search.
TEST(Extractor, LooksAtEveryTypeTheStandardMentions) {
  EXPECT_THAT(Extractor::R4().UnusedTypes(),
              testing::IsSubsetOf(
                  {"CarePlan.activity-date: string", "Consent.source-reference: Attachment",
                   "Immunization.date: string", "Observation.combo-value-quantity: SampledData",
                   "Observation.component-value-quantity: SampledData",
                   "Observation.value-quantity: SampledData", "Procedure.date: Age",
                   "Procedure.date: Range", "Procedure.date: string",
                   "RiskAssessment.probability: Range"}));
}

TEST(Extractor, TokensOfACodeableConceptAreItsCodings) {
  constexpr std::string_view kJson = R"({"resourceType":"Observation","id":"1","status":"final",
      "code":{"coding":[{"system":"s","code":"a"},{"code":"B"}],"text":"t"}})";

  EXPECT_THAT(ValuesOf(kJson, "code"), UnorderedElementsAre(Token("s", "a"), Token({}, "b")));
  EXPECT_THAT(ValuesOf(kJson, "status"),
              ElementsAre(Token("http://hl7.org/fhir/observation-status", "final")));
}

TEST(Extractor, AValueThatCannotBeSearchedIsStillThere) {
  constexpr std::string_view kJson =
      R"({"resourceType":"Observation","id":"1","code":{"text":"only words"}})";

  EXPECT_THAT(ValuesOf(kJson, "code"), ElementsAre(""));
  EXPECT_THAT(ValuesOf(kJson, "category"), IsEmpty());
  EXPECT_THAT(ValuesOf(kJson, kAllCode), ElementsAre(""));
}

TEST(Extractor, PartsOfNamesAndAddressesAreStrings) {
  constexpr std::string_view kJson = R"({"resourceType":"Patient","id":"1",
      "name":[{"family":"León","given":["Ana","María"]}],
      "address":[{"line":["1 High St"],"city":"York","postalCode":"YO1 7HH"}]})";

  EXPECT_THAT(ValuesOf(kJson, "name"),
              UnorderedElementsAre(String("leon"), String("ana"), String("maria")));
  EXPECT_THAT(ValuesOf(kJson, "given"), UnorderedElementsAre(String("ana"), String("maria")));
  EXPECT_THAT(ValuesOf(kJson, "address"),
              UnorderedElementsAre(String("1 high st"), String("york"), String("yo1 7hh")));
}

TEST(Extractor, TelecomIsSortedBySystem) {
  constexpr std::string_view kJson = R"({"resourceType":"Patient","id":"1","telecom":[
      {"system":"phone","value":"555"},{"system":"email","value":"a@b"}]})";

  EXPECT_THAT(ValuesOf(kJson, "phone"), ElementsAre(Token({}, "555")));
  EXPECT_THAT(ValuesOf(kJson, "email"), ElementsAre(Token({}, "a@b")));
  EXPECT_THAT(ValuesOf(kJson, "telecom"), testing::SizeIs(2));
}

TEST(Extractor, ReferencesLoseVersionsAndKeepTheirKind) {
  constexpr std::string_view kJson = R"({"resourceType":"Observation","id":"1",
      "subject":{"reference":"Patient/7/_history/3","identifier":{"system":"s","value":"v"}},
      "performer":[{"reference":"#c"},{"reference":"http://other/fhir/Practitioner/1"}]})";
  std::string absolute;
  AppendAbsoluteReference("http://other/fhir/Practitioner/1", &absolute);

  EXPECT_THAT(ValuesOf(kJson, "subject"), ElementsAre(Local("Patient", "7")));
  EXPECT_THAT(ValuesOf(kJson, "patient"), ElementsAre(Local("Patient", "7")));
  EXPECT_THAT(ValuesOf(kJson, "subject", layout::kCompanion), ElementsAre(Token("s", "v")));
  EXPECT_THAT(ValuesOf(kJson, "performer"), ElementsAre("", absolute));
}

TEST(Extractor, PatientParametersLookAtPatientsOnly) {
  constexpr std::string_view kJson =
      R"({"resourceType":"Observation","id":"1","subject":{"reference":"Group/7"}})";

  EXPECT_THAT(ValuesOf(kJson, "patient"), IsEmpty());
  EXPECT_THAT(ValuesOf(kJson, "subject"), ElementsAre(Local("Group", "7")));
}

TEST(Extractor, DatesOfEveryKind) {
  EXPECT_THAT(
      ValuesOf(R"({"resourceType":"Observation","id":"1","effectiveDateTime":"2020-05"})", "date"),
      ElementsAre(Date("2020-05")));
  EXPECT_THAT(
      ValuesOf(
          R"({"resourceType":"Observation","id":"1","effectivePeriod":{"start":"2020-05-01"}})",
          "date"),
      ElementsAre(testing::StartsWith("\x06")));
  EXPECT_THAT(ValuesOf(R"({"resourceType":"Observation","id":"1",
                           "effectiveTiming":{"event":["2020-05-02","2020-05-01"]}})",
                       "date"),
              ElementsAre(testing::StartsWith("\x02")));
  EXPECT_THAT(ValuesOf(R"({"resourceType":"Patient","id":"1","birthDate":"May"})", "birthdate"),
              ElementsAre(""));
}

TEST(Extractor, MetaIsSearchable) {
  constexpr std::string_view kJson = R"({"resourceType":"Patient","id":"1","meta":{
      "lastUpdated":"2020-01-01T00:00:00Z","tag":[{"system":"s","code":"t"}],
      "profile":["http://p"],"source":"urn:x","security":[{"code":"R"}]}})";

  EXPECT_THAT(ValuesOf(kJson, "_lastUpdated"), ElementsAre(Date("2020-01-01T00:00:00Z")));
  EXPECT_THAT(ValuesOf(kJson, "_tag"), ElementsAre(Token("s", "t")));
  EXPECT_THAT(ValuesOf(kJson, "_security"), ElementsAre(Token({}, "R")));
  EXPECT_THAT(ValuesOf(kJson, "_profile"), ElementsAre(String("http://p")));
  EXPECT_THAT(ValuesOf(kJson, "_source"), ElementsAre(String("urn:x")));
}

TEST(Extractor, CompositesPairValuesOfOneContext) {
  constexpr std::string_view kJson = R"({"resourceType":"Observation","id":"1","component":[
      {"code":{"coding":[{"code":"a"}]},"valueQuantity":{"value":1}},
      {"code":{"coding":[{"code":"b"}]},"valueQuantity":{"value":2}}]})";
  const auto pair = [](std::string_view code, double value) {
    std::string out = Token({}, code);
    AppendQuantity(value, {}, &out);
    return out;
  };

  EXPECT_THAT(ValuesOf(kJson, "component-code-value-quantity"),
              UnorderedElementsAre(pair("a", 1), pair("b", 2)));
}

TEST(Extractor, IdentifiersAreFoundByTypeToo) {
  constexpr std::string_view kJson = R"({"resourceType":"Patient","id":"1","identifier":[
      {"type":{"coding":[{"system":"t","code":"MR"}]},"system":"s","value":"9"}]})";
  std::string of_type = Token("t", "MR");
  AppendTokenCode("9", &of_type);

  EXPECT_THAT(ValuesOf(kJson, "identifier"), ElementsAre(Token("s", "9")));
  EXPECT_THAT(ValuesOf(kJson, "identifier", layout::kCompanion), ElementsAre(of_type));
}

TEST(Extractor, BooleansOfAChoice) {
  EXPECT_THAT(ValuesOf(R"({"resourceType":"Patient","id":"1"})", "deceased"),
              ElementsAre(Token({}, "false")));
  EXPECT_THAT(
      ValuesOf(R"({"resourceType":"Patient","id":"1","deceasedBoolean":false})", "deceased"),
      ElementsAre(Token({}, "false")));
  EXPECT_THAT(
      ValuesOf(R"({"resourceType":"Patient","id":"1","deceasedDateTime":"2020"})", "deceased"),
      ElementsAre(Token({}, "true")));
}

// Stored: a failure here means that stores answer wrongly.
TEST(Extractor, PairsAreTheFirstValueThenTheSecond) {
  constexpr std::string_view kJson =
      R"({"resourceType":"Observation","category":[{"coding":[{"code":"a"}]}],
          "code":{"coding":[{"code":"b"},{"code":"c"}]},"effectiveDateTime":"2020"})";
  const std::string date = ValuesOf(kJson, "date").front();

  EXPECT_THAT(ValuesOf(kJson, "_category-code"),
              ElementsAre(Token({}, "a") + Token({}, "b"), Token({}, "a") + Token({}, "c")));
  EXPECT_THAT(ValuesOf(kJson, "_category-date"), ElementsAre(Token({}, "a") + date));
  EXPECT_THAT(ValuesOf(kJson, "_code-date"),
              ElementsAre(Token({}, "b") + date, Token({}, "c") + date));

  constexpr std::string_view kEncounter =
      R"({"resourceType":"Encounter","class":{"code":"EMER"},"type":[{"coding":[{"code":"t"}]}],
          "period":{"start":"2020"}})";
  const std::string period = ValuesOf(kEncounter, "date").front();
  EXPECT_THAT(ValuesOf(kEncounter, "_class-date"), ElementsAre(Token({}, "EMER") + period));
  EXPECT_THAT(ValuesOf(kEncounter, "_type-date"), ElementsAre(Token({}, "t") + period));
}

// A name that is wrong would make no rows, and no test of a single pair would show it.
TEST(Extractor, EachPairIsOfParametersOfItsType) {
  std::size_t pairs = 0;
  for (std::size_t type = 1; type <= layout::TypeCount(); ++type) {
    const std::string_view name = layout::TypeNameOf(static_cast<layout::TypeNumber>(type));
    for (const auto* first : model::R4Search().ForType(name)) {
      for (const auto* second : model::R4Search().ForType(name)) {
        const auto rows = PairNumber(static_cast<layout::TypeNumber>(type),
                                     layout::ParameterNumberOf(first->code),
                                     layout::ParameterNumberOf(second->code));
        if (rows == 0) continue;
        ++pairs;
        EXPECT_EQ(layout::ParameterCodeOf(rows),
                  "_" + std::string(first->code) + "-" + std::string(second->code));
      }
    }
  }
  EXPECT_EQ(pairs, 17u);
}

TEST(Extractor, WhatTwoCompositesCoverHasNoRowsOfItsOwn) {
  constexpr std::string_view kJson =
      R"({"resourceType":"Observation","code":{"coding":[{"code":"a"}]},"valueQuantity":{"value":1},
          "component":[{"code":{"coding":[{"code":"b"}]},"valueQuantity":{"value":2}}]})";
  EXPECT_THAT(ValuesOf(kJson, "code-value-quantity"), testing::SizeIs(1));
  EXPECT_THAT(ValuesOf(kJson, "component-code-value-quantity"), testing::SizeIs(1));
  EXPECT_THAT(ValuesOf(kJson, "combo-code-value-quantity"), testing::IsEmpty());
}

TEST(Extractor, TextsOfCodesAreStringsBesideThem) {
  constexpr std::string_view kJson =
      R"({"resourceType":"Condition","code":{"text":"Bee  Venom","coding":[{"code":"a",
          "display":"Ällergy"},{"code":"b","display":"bee venom"}]},
          "severity":{"text":"Severe"}})";
  EntryList entries;
  json::Parser parser;
  Extractor::R4().Extract(layout::TypeNumberOf("Condition"), *parser.Parse(kJson), &entries);
  const auto texts = [&](std::string_view code) {
    std::vector<std::string> values;
    const auto range = entries.RangeOf(
        static_cast<layout::ParameterNumber>(layout::ParameterNumberOf(code) | layout::kCompanion));
    for (auto i = range.first; i < range.last; ++i) values.emplace_back(entries[i].value);
    return values;
  };
  EXPECT_THAT(texts("code"), ElementsAre(String("allergy"), String("bee venom")));
  EXPECT_THAT(texts("severity"), testing::IsEmpty());
}

TEST(Extractor, TooManyPairsDoWithoutTheFirstValue) {
  std::string codes;
  for (std::size_t i = 0; i <= kMaxPairs; ++i) {
    codes += std::string(i > 0 ? "," : "") + R"({"code":"c)" + std::to_string(i) + "\"}";
  }
  const std::string json = R"({"resourceType":"Observation","code":{"coding":[)" + codes +
                           R"(]},"effectiveDateTime":"2020"})";

  EXPECT_THAT(ValuesOf(json, "_code-date"),
              ElementsAre(std::string(kAnyStart) + ValuesOf(json, "date").front()));
}

TEST(Extractor, TellsWhatIsUsuallyThereAndIsNot) {
  using layout::ParameterNumberOf;
  const std::string family = AbsenceOf(ParameterNumberOf("family"), Absence::kMissing);
  const std::string birth = AbsenceOf(ParameterNumberOf("birthdate"), Absence::kUnsearchable);
  const auto absent =
      ValuesOf(R"({"resourceType":"Patient","gender":"male","birthDate":"unknown"})", "_absent");

  EXPECT_THAT(absent, testing::IsSupersetOf({family, birth}));
  EXPECT_THAT(
      absent,
      testing::Not(testing::Contains(AbsenceOf(ParameterNumberOf("gender"), Absence::kMissing))));
  EXPECT_TRUE(TellsAbsence(layout::TypeNumberOf("Patient"), ParameterNumberOf("gender")));
  EXPECT_FALSE(TellsAbsence(layout::TypeNumberOf("Patient"), ParameterNumberOf("death-date")));
}

TEST(Extractor, OnlyWhatIsAskedFor) {
  const auto document = json::Document::Parse(
      R"({"resourceType":"Patient","id":"1","gender":"male","birthDate":"2000"})");
  const layout::ParameterNumber gender = layout::ParameterNumberOf("gender");
  EntryList entries;

  Extractor::R4().ExtractOnly(layout::TypeNumberOf("Patient"), document->root(), {&gender, 1},
                              &entries);

  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].parameter, gender);
}

}  // namespace
}  // namespace strata::fhir::index
