#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "core/base/json.h"
#include "plugins/service_record_viewer/banner.h"
#include "plugins/service_record_viewer/config.h"
#include "plugins/service_record_viewer/dates.h"
#include "plugins/service_record_viewer/fhir_text.h"
#include "plugins/service_record_viewer/html.h"
#include "plugins/service_record_viewer/nhs_number.h"
#include "plugins/service_record_viewer/plot.h"

namespace strata::record_viewer {
namespace {

// 1 January 2026.
constexpr std::int64_t kNow = 1'767'225'600'000'000;

json::Document Parse(std::string_view text) { return *json::Document::Parse(text); }

TEST(Html, EscapesEverythingThatIsNoLiteral) {
  const std::string evil = "<script>alert('\"&')</script>\x01";
  Html html;
  html.Add("<p title=\""_html, evil, "\">"_html, 7, "</p>"_html);

  EXPECT_EQ(html.str(),
            "<p title=\"&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;"
            "\xEF\xBF\xBD\">7</p>");
}

TEST(NhsNumber, TakesWhatPeopleType) {
  for (const char* typed : {"9000000009", "900 000 0017", "900-000-0025", " 9990000018 ",
                            "999\xC2\xA0"
                            "000\xC2\xA0"
                            "0026",
                            "9912003888"}) {
    EXPECT_TRUE(ParseNhsNumber(typed).ok()) << typed;
  }
}

TEST(NhsNumber, SaysWhatIsWrong) {
  const auto problem = [](const char* typed) { return ParseNhsNumber(typed).problem; };

  EXPECT_EQ(problem(""), NhsNumberProblem::kEmpty);
  EXPECT_EQ(problem("900 000 000"), NhsNumberProblem::kTooShort);
  EXPECT_EQ(problem("900 000 00099"), NhsNumberProblem::kTooLong);
  EXPECT_EQ(problem("900000000X"), NhsNumberProblem::kLetters);
  EXPECT_EQ(problem("QQ 12 34 56 C"), NhsNumberProblem::kNationalInsurance);
  EXPECT_EQ(problem("9000000012"), NhsNumberProblem::kCheckDigit);
  EXPECT_EQ(problem("9991234567"), NhsNumberProblem::kCheckDigit);  // the design system's example
  for (char digit = '0'; digit <= '9'; ++digit) {
    EXPECT_EQ(problem(std::string(10, digit).c_str()), NhsNumberProblem::kPlaceholder);
  }
}

TEST(NhsNumber, CatchesEachSingleDigitErrorAndTransposition) {
  const std::string number = "9000000009";
  for (std::size_t i = 0; i < number.size(); ++i) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string wrong = number;
      wrong[i] = digit;
      EXPECT_EQ(ParseNhsNumber(wrong).ok(), wrong == number) << wrong;
    }
    std::string swapped = number;
    if (i + 1 < number.size()) std::swap(swapped[i], swapped[i + 1]);
    EXPECT_EQ(ParseNhsNumber(swapped).ok(), swapped == number) << swapped;
  }
}

TEST(NhsNumber, IsShownInThrees) {
  EXPECT_EQ(FormatNhsNumber("9000000009"), "900 000 0009");
  EXPECT_EQ(FormatNhsNumber("12345"), "12345");
}

TEST(ShortDate, KeepsTheWrittenPrecision) {
  EXPECT_EQ(ShortDate("2011"), "2011");
  EXPECT_EQ(ShortDate("2011-09"), "Sep 2011");
  EXPECT_EQ(ShortDate("2011-09-04"), "4 Sep 2011");
  EXPECT_EQ(ShortDate("2011-09-24T06:52:56.292+02:00"), "24 Sep 2011, 06:52");
  EXPECT_EQ(ShortDate("in May"), "in May");
  EXPECT_EQ(BannerDate("1948-07-05"), "05-Jul-1948");
  EXPECT_EQ(BannerDate("1948-07"), "Jul-1948");
}

TEST(Age, FollowsTheGuidance) {
  EXPECT_EQ(Age("1948-07-05", kNow), "77y");
  EXPECT_EQ(Age("2007-01-02", kNow), "18y");
  EXPECT_EQ(Age("2014-10-15", kNow), "11y 2m");
  EXPECT_EQ(Age("2024-09-28", kNow), "15m 4d");
  EXPECT_EQ(Age("2025-06-18", kNow), "28w 1d");
  EXPECT_EQ(Age("2025-12-05", kNow), "27d");
  EXPECT_EQ(Age("1948", kNow), "about 78y");
  EXPECT_EQ(Age("2030-01-01", kNow), "");
  EXPECT_EQ(Age("", kNow), "");
}

TEST(ConceptText, DegradesVisibly) {
  const auto text = [](const char* json_text) { return ConceptText(Parse(json_text).root()); };

  EXPECT_EQ(text(R"({"text":"Asthma","coding":[{"display":"x"}]})"), "Asthma");
  EXPECT_EQ(text(R"({"coding":[{"code":"1"},{"display":"Asthma"}]})"), "Asthma");
  EXPECT_EQ(text(R"({"coding":[{"display":"a"},{"display":"b","userSelected":true}]})"), "b");
  EXPECT_EQ(text(R"({"coding":[{"system":"http://snomed.info/sct","code":"195967001"}]})"),
            "195967001 (SNOMED CT)");
  EXPECT_EQ(text(R"({"coding":[{"system":"http://x.example","code":"A"}]})"),
            "A (http://x.example)");
  EXPECT_EQ(text(R"({"coding":[{"code":"A"}]})"), "A (no code system)");
}

TEST(ValueText, KeepsTheLexeme) {
  const auto text = [](const char* json_text) { return ValueText(Parse(json_text).root()); };

  EXPECT_EQ(text(R"({"valueQuantity":{"value":1.10,"unit":"mmol/L"}})"), "1.10 mmol/L");
  EXPECT_EQ(text(R"({"valueQuantity":{"value":5,"comparator":"<","code":"mg/L"}})"), "< 5 mg/L");
  EXPECT_EQ(text(R"({"valueBoolean":true})"), "Yes");
  EXPECT_EQ(text(R"({"valueRatio":{"numerator":{"value":1},"denominator":{"value":128}}})"),
            "1 / 128");
  EXPECT_EQ(text(R"({"valueThing":{"x":1}})"), "Value of a kind that cannot be shown here (Thing)");
}

TEST(PatientName, IsFamilyGivenTitle) {
  const auto name = [](const char* json_text) { return PatientName(Parse(json_text).root()); };

  EXPECT_EQ(name(R"({"name":[{"use":"maiden","family":"Old"},
                             {"use":"official","family":"Little","given":["Louis","Mae"],
                              "prefix":["Mrs."]}]})"),
            "LITTLE, Louis Mae (Mrs.)");
  EXPECT_EQ(name(R"({"name":[{"family":"m\u00fcller"}]})"), "M\xC3\x9CLLER");
  EXPECT_EQ(name(R"({"name":[{"text":"Baby Smith"}]})"), "Baby Smith");
  EXPECT_EQ(name("{}"), "Name not recorded");
}

TEST(PatientBanner, ShowsWhoThisIs) {
  const json::Document patient = Parse(R"({"name":[{"family":"Lee","given":["A<b>"]}],
      "gender":"female","birthDate":"1948-07-05",
      "identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}]})");
  const std::string banner = PatientBanner(patient.root(), kNow).str();

  for (const char* part : {"LEE, A&lt;b&gt;", "05-Jul-1948", "(77y)", "Female", "900 000 0009"}) {
    EXPECT_NE(banner.find(part), std::string::npos) << part;
  }
}

TEST(PatientBanner, TellsDeathAndWhatIsMissing) {
  const json::Document dead =
      Parse(R"({"birthDate":"1948-07-05","deceasedDateTime":"2020-03-02T10:00:00Z"})");
  const std::string banner = PatientBanner(dead.root(), kNow).str();

  EXPECT_NE(banner.find("Died 02-Mar-2020 (71y)"), std::string::npos);
  EXPECT_EQ(banner.find("(77y)"), std::string::npos);
  EXPECT_NE(banner.find("NHS No.</dt><dd><span class=\"viewer-absent\">Not recorded"),
            std::string::npos);
  EXPECT_EQ(DiedText(Parse(R"({"deceasedBoolean":true})").root()), "Died (date not recorded)");
  EXPECT_EQ(DiedText(Parse(R"({"deceasedBoolean":false})").root()), "");
}

TEST(PatientBanner, MarksAnNhsNumberThatIsWrongOrNotVerified) {
  const auto shown = [](const std::string& identifier) {
    return NhsNumberText(Parse(R"({"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number",)" +
                               identifier + "}]}")
                             .root())
        .str();
  };

  EXPECT_NE(shown(R"("value":"9000000012")").find("not a valid NHS number"), std::string::npos);
  const std::string status = R"("value":"9000000009","extension":[{"url":
      "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
      "valueCodeableConcept":{"coding":[{"code":")";
  EXPECT_NE(shown(status + R"(02"}]}}])").find("not verified"), std::string::npos);
  EXPECT_EQ(shown(status + R"(01"}]}}])").find("not verified"), std::string::npos);
}

TEST(Plot, NeedsTwoPointsAndDrawsNoScriptOrStyle) {
  Plot plot{"Sodium", "mmol/L", {{"Sodium", {{0, 140, false}}}}, 135, 145};
  EXPECT_FALSE(plot.drawable());
  plot.series[0].points.push_back({86'400'000'000, 150, true});
  ASSERT_TRUE(plot.drawable());

  const std::string svg = RenderPlot(plot).str();

  EXPECT_NE(svg.find("viewer-plot__range"), std::string::npos);
  EXPECT_NE(svg.find("viewer-plot__bound"), std::string::npos);
  EXPECT_EQ(svg.find("style="), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(ViewerConfig, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(ParseConfig(R"({"rows_per_page":50,"list_patients":true})")->rows_per_page, 50u);
  for (const char* bad : {"[]", R"({"rows":1})", R"({"rows_per_page":1})", R"({"product":3})"}) {
    EXPECT_FALSE(ParseConfig(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace strata::record_viewer
