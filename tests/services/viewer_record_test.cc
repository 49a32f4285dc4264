#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/gzip.h"
#include "tests/services/browser.h"
#include "tests/services/fake_data.h"
#include "tests/support/fake_host.h"

extern "C" const strata_plugin* strata_plugin_service_record_viewer(uint32_t host_abi_minor);

namespace strata::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPatient = R"({"resourceType":"Patient","id":"p","gender":"female",
  "birthDate":"1948-07-05","name":[{"family":"Lee","given":["Ann"]}],
  "identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}]})";

// A resource of patient p (or of another) with further members.
std::string Entry(const std::string& type, const std::string& id, const std::string& members,
                  const std::string& patient = "p") {
  return R"({"resourceType":")" + type + R"(","id":")" + id +
         R"(","subject":{"reference":"Patient/)" + patient +
         R"("},"patient":{"reference":"Patient/)" + patient + R"("},)" + members + "}";
}

std::string Coded(const std::string& text) { return R"("code":{"text":")" + text + R"("})"; }

class RecordViewer : public ::testing::Test {
 protected:
  void SetUp() override {
    package_ = ::testing::TempDir() + "strata_viewer_package";
    std::filesystem::create_directories(package_);
    std::ofstream(package_ + "/viewer.css") << std::string(5000, '/');
    std::ofstream(package_ + "/favicon.svg") << "<svg/>";
    data_.Add(kPatient);
    Start("{}");
  }

  void Start(std::string_view config) {
    host_ = std::make_unique<FakeHost>();
    host_->SetPackageDir(package_);
    host_->SetNowUs(1'767'225'600'000'000);
    ASSERT_TRUE(host_->Add("record", FakeData::Plugin(), data_.Config()).ok());
    const Status status = host_->Add("viewer", strata_plugin_service_record_viewer(0), config,
                                     {{"record", "record"}});
    ASSERT_TRUE(status.ok()) << status.ToString();
    browser_ = std::make_unique<Browser>(*host_, "viewer", "/");
  }

  std::string Page(const std::string& path) {
    const HttpAnswer answer = browser_->Get(path);
    EXPECT_EQ(answer.code, 200u) << path;
    return answer.body;
  }

  HttpAnswer Search(std::string_view form) {
    const HttpAnswer answer = browser_->Send("POST", "/search", {}, form);
    return answer.code == 303 ? browser_->Get(answer.Header("location")) : answer;
  }

  FakeData data_;
  std::string package_;
  std::unique_ptr<FakeHost> host_;
  std::unique_ptr<Browser> browser_;
};

TEST_F(RecordViewer, FindsByNumberNameAndBirth) {
  for (const char* form : {"nhs-number=900+000+0009", "name=ann+le", "name=LEE%2C+Ann",
                           "dob-day=5&dob-month=7&dob-year=1948", "name=lee&dob-year=1948"}) {
    const HttpAnswer answer = Search(form);
    EXPECT_EQ(answer.code, 200u) << form;
    EXPECT_THAT(answer.body, HasSubstr("<a href=\"/record/p\">LEE, Ann</a>")) << form;
    EXPECT_THAT(answer.body, HasSubstr("900 000 0009"));
  }
  EXPECT_THAT(Search("name=nobody").body, HasSubstr("No patient found"));
}

TEST_F(RecordViewer, SearchesLeaveNothingInAddresses) {
  const std::string location = browser_->Send("POST", "/search", {}, "name=lee").Header("location");

  EXPECT_THAT(location, Not(HasSubstr("lee")));
  browser_->subject = "somebody else";
  EXPECT_EQ(browser_->Get(location).code, 410u);
}

TEST_F(RecordViewer, ShowsErrorsAtTheirFields) {
  const HttpAnswer answer = Search("nhs-number=%3Cb%3E&name=");

  EXPECT_EQ(answer.code, 400u);
  EXPECT_THAT(answer.body, HasSubstr("<a href=\"#nhs-number\">"));
  EXPECT_THAT(answer.body, HasSubstr("aria-describedby=\"nhs-number-hint nhs-number-error\""));
  EXPECT_THAT(answer.body, HasSubstr("value=\"&lt;b&gt;\""));
}

TEST_F(RecordViewer, WarnsWhenTwoRecordsShareANumber) {
  data_.Add(R"({"resourceType":"Patient","id":"q","identifier":[
      {"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}]})");

  EXPECT_THAT(Search("nhs-number=9000000009").body,
              HasSubstr("More than one record has this NHS number"));
}

TEST_F(RecordViewer, PagesThroughManyMatches) {
  for (int i = 0; i < 30; ++i) {
    data_.Add(R"({"resourceType":"Patient","id":"x)" + std::to_string(i) +
              R"(","name":[{"family":"Many"}]})");
  }
  const std::string first = Search("name=many").body;
  const std::size_t at = first.find("href=\"/search/") + 6;
  const std::string next = first.substr(at, first.find('"', at) - at);

  EXPECT_THAT(first, HasSubstr("30 patients found"));
  EXPECT_THAT(first, Not(HasSubstr("/record/x25\"")));
  EXPECT_THAT(Page(next), HasSubstr("/record/x25\""));
}

TEST_F(RecordViewer, ListsAllPatientsOnlyWhenConfigured) {
  EXPECT_EQ(Search("list=all").code, 400u);
  Start(R"({"list_patients":true})");
  EXPECT_THAT(Search("list=all").body, HasSubstr("LEE, Ann"));
}

TEST_F(RecordViewer, EveryPageOfARecordIsGuarded) {
  for (const char* section : {"", "/problems", "/medicines", "/allergies", "/results",
                              "/immunisations", "/encounters", "/documents"}) {
    const HttpAnswer answer = browser_->Get(std::string("/record/p") + section);
    EXPECT_EQ(answer.code, 200u) << section;
    EXPECT_THAT(answer.body, HasSubstr("900 000 0009"));
    EXPECT_EQ(answer.Header("cache-control"), "no-store");
    EXPECT_THAT(answer.Header("content-security-policy"), HasSubstr("default-src 'none'"));
    EXPECT_THAT(answer.Header("content-security-policy"), Not(HasSubstr("unsafe")));
    EXPECT_THAT(answer.body, Not(HasSubstr("<script")));
    EXPECT_THAT(answer.body, Not(HasSubstr("style=")));
  }
}

TEST_F(RecordViewer, NoAllergyInformationIsNotNoKnownAllergies) {
  EXPECT_THAT(Page("/record/p/allergies"), HasSubstr("No allergy information is recorded."));

  const std::string none_known = R"("recordedDate":"2020-01-02","code":{"coding":[{
      "system":"http://snomed.info/sct","code":"716186003","display":"No known allergies"}]})";
  data_.Add(Entry("AllergyIntolerance", "n", none_known));
  const std::string known = Page("/record/p/allergies");
  EXPECT_THAT(known, HasSubstr("<strong>No known allergies</strong>"));
  EXPECT_THAT(known, HasSubstr("2 Jan 2020"));
  EXPECT_THAT(known, Not(HasSubstr("No allergy information")));

  data_.Add(Entry("AllergyIntolerance", "a", Coded("Penicillin")));
  EXPECT_THAT(Page("/record/p/allergies"), HasSubstr("The record contradicts itself"));
}

TEST_F(RecordViewer, OnlyPastAllergiesAreNotNoAllergies) {
  data_.Add(Entry("AllergyIntolerance", "a",
                  Coded("Penicillin") + R"(,"clinicalStatus":{"coding":[{"code":"resolved"}]})"));

  const std::string page = Page("/record/p/allergies");

  EXPECT_THAT(page, HasSubstr("No current allergies are recorded."));
  EXPECT_THAT(page, HasSubstr("Inactive or resolved"));
}

TEST_F(RecordViewer, WhatWasEnteredInErrorIsNoFact) {
  const std::string error = R"(,"verificationStatus":{"coding":[{"code":"entered-in-error"}]})";
  data_.Add(Entry("Condition", "c", Coded("Wrongitis") + error));
  data_.Add(Entry("Observation", "o", Coded("Wrong test") + R"(,"status":"entered-in-error")"));
  data_.Add(Entry("AllergyIntolerance", "a", Coded("Wrong nuts") + error));

  for (const char* section : {"", "/problems", "/results", "/allergies"}) {
    EXPECT_THAT(Page(std::string("/record/p") + section), Not(HasSubstr("Wrong")));
  }
  EXPECT_THAT(Page("/record/p/problems"), HasSubstr("1 entry was marked as entered in error"));
  EXPECT_THAT(Page("/record/p/allergies"), HasSubstr("No allergy information is recorded."));
}

TEST_F(RecordViewer, SortsProblemsByWhatTheyAre) {
  data_.Add(Entry("Condition", "1", Coded("Asthma")));
  data_.Add(Entry("Condition", "2",
                  Coded("Fracture") + R"(,"clinicalStatus":{"coding":[{"code":"resolved"}]})"));
  data_.Add(Entry("Condition", "3",
                  Coded("Gout") + R"(,"verificationStatus":{"coding":[{"code":"refuted"}]})"));

  const std::string page = Page("/record/p/problems");

  EXPECT_LT(page.find("Current problems (1)"), page.find("Asthma"));
  EXPECT_LT(page.find("Past problems (1)"), page.find("Fracture"));
  EXPECT_LT(page.find("Ruled out (1)"), page.find("Gout"));
  EXPECT_THAT(page, HasSubstr("Source not recorded"));
  EXPECT_THAT(Page("/record/p"), Not(HasSubstr("Gout")));
}

TEST_F(RecordViewer, EscapesTheRecord) {
  data_.Add(Entry("Condition", "1",
                  Coded("<img src=x onerror=alert(1)>") + R"(,"recorder":{"display":"Dr <b>"})"));

  const std::string page = Page("/record/p/problems");

  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x"));
  EXPECT_THAT(page, HasSubstr("Dr &lt;b&gt;"));
}

TEST_F(RecordViewer, NamesMedicinesAndTheirSourcesByReference) {
  data_.Add(R"({"resourceType":"Medication","id":"m","code":{"text":"Aspirin 75 mg"}})");
  data_.Add(R"({"resourceType":"Practitioner","id":"d","name":[{"family":"Who","given":["J"]}]})");
  data_.Add(Entry("MedicationRequest", "1",
                  R"("status":"active","intent":"order","medicationReference":{"reference":
                  "Medication/m"},"requester":{"reference":"Practitioner/d"},"dosageInstruction":[
                  {"doseAndRate":[{"doseQuantity":{"value":1.0,"unit":"tablet"}}],
                   "timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"d"}}}])"));

  const std::string page = Page("/record/p/medicines");

  EXPECT_THAT(page, HasSubstr("Aspirin 75 mg"));
  EXPECT_THAT(page, HasSubstr("J Who"));
  EXPECT_THAT(page, HasSubstr("Dose 1.0 tablet, 2 times every day"));
}

TEST_F(RecordViewer, GroupsResultsAndShowsTheirTrend) {
  const auto add = [&](const char* id, const char* date, const char* value, const char* patient) {
    data_.Add(Entry("Observation", id,
                    R"("status":"final","code":{"coding":[{"system":"http://loinc.org","code":
                    "2951-2","display":"Sodium"}]},"effectiveDateTime":")" +
                        std::string(date) + R"(","valueQuantity":{"value":)" + value +
                        R"(,"unit":"mmol/L"})",
                    patient));
  };
  add("a", "2020-01-01", "139.50", "p");
  add("b", "2021-01-01", "141", "p");
  add("z", "2022-01-01", "99", "q");

  const std::string list = Page("/record/p/results");
  EXPECT_THAT(list, HasSubstr("141 mmol/L"));
  EXPECT_THAT(list, HasSubstr("2 results"));
  EXPECT_THAT(list, Not(HasSubstr("139.50")));
  const std::string trend = Page("/record/p/results/b");
  EXPECT_THAT(trend, HasSubstr("139.50 mmol/L"));
  EXPECT_THAT(trend, HasSubstr("<svg"));
  EXPECT_LT(trend.find("1 Jan 2021</time>"), trend.find("1 Jan 2020</time>"));
  EXPECT_EQ(browser_->Get("/record/p/results/z").code, 404u);
}

TEST_F(RecordViewer, ShowsComponentsFlagsAndMissingValues) {
  data_.Add(Entry("Observation", "bp", R"("status":"preliminary","code":{"text":"Blood pressure"},
      "component":[{"code":{"text":"Systolic"},"valueQuantity":{"value":120,"unit":"mmHg"},
      "interpretation":[{"coding":[{"code":"H"}]}]},{"code":{"text":"Diastolic"},
      "dataAbsentReason":{"text":"not done"}}])"));

  const std::string page = Page("/record/p/results");

  EXPECT_THAT(page, HasSubstr("Systolic: 120 mmHg"));
  EXPECT_THAT(page, HasSubstr(">High</strong>"));
  EXPECT_THAT(page, HasSubstr("No value: not done"));
  EXPECT_THAT(page, HasSubstr(">Preliminary</strong>"));
}

TEST_F(RecordViewer, ShowsTextDocumentsOfThisPatientOnly) {
  const std::string document =
      R"("status":"current","description":"Letter","content":[{"attachment":
      {"contentType":"text/plain","data":"RGVhciA8Yj5Bbm48L2I+"}},
      {"attachment":{"contentType":"application/pdf","data":"AAAA"}}])";
  data_.Add(Entry("DocumentReference", "d", document));
  data_.Add(Entry("DocumentReference", "other", document, "q"));

  const std::string page = Page("/record/p/documents/DocumentReference/d");

  EXPECT_THAT(page, HasSubstr("Dear &lt;b&gt;Ann&lt;/b&gt;"));
  EXPECT_THAT(page, HasSubstr("cannot be shown here. Type: application/pdf"));
  EXPECT_EQ(browser_->Get("/record/p/documents/DocumentReference/other").code, 404u);
  EXPECT_EQ(browser_->Get("/record/p/documents/Patient/p").code, 404u);
}

TEST_F(RecordViewer, PagesLongLists) {
  Start(R"({"rows_per_page":10})");
  for (int i = 10; i < 35; ++i) {
    data_.Add(Entry("Immunization", std::to_string(i),
                    R"("status":"completed","vaccineCode":{"text":"Vaccine )" + std::to_string(i) +
                        R"("},"occurrenceDateTime":"20)" + std::to_string(i) + "\""));
  }

  EXPECT_THAT(Page("/record/p/immunisations"), HasSubstr("Showing 1 to 10 of 25."));
  const std::string last = Page("/record/p/immunisations?page=3");
  EXPECT_THAT(last, HasSubstr("Vaccine 10"));
  EXPECT_THAT(last, HasSubstr("?page=2\" rel=\"prev\""));
  EXPECT_THAT(last, Not(HasSubstr("rel=\"next\"")));
}

TEST_F(RecordViewer, SaysSoWhenItReadsNotEverything) {
  Start(R"({"max_entries":100})");
  for (int i = 0; i < 120; ++i) data_.Add(Entry("Condition", std::to_string(i), Coded("x")));

  EXPECT_THAT(Page("/record/p/problems"), HasSubstr("Not everything is shown"));
}

TEST_F(RecordViewer, APartThatCannotBeReadIsNotEmpty) {
  data_.on_search = [&](const data::v1::SearchRequest& request,
                        Writer<data::v1::SearchResponse>& writer) {
    return request.type() == "AllergyIntolerance" ? Unavailable("starting")
                                                  : data_.Search(request, writer);
  };

  EXPECT_THAT(Page("/record/p"), HasSubstr("This part of the record could not be read"));
  const HttpAnswer section = browser_->Get("/record/p/allergies");
  EXPECT_EQ(section.code, 503u);
  EXPECT_THAT(section.body, HasSubstr("request-1"));
  EXPECT_THAT(section.body, Not(HasSubstr("starting")));
}

TEST_F(RecordViewer, TellsMissingFromDeleted) {
  EXPECT_EQ(browser_->Get("/record/none").code, 404u);
  EXPECT_EQ(browser_->Get("/record/p/nonsense").code, 404u);
  EXPECT_EQ(browser_->Get("/nonsense").code, 404u);
  EXPECT_EQ(browser_->Send("POST", "/record/p", {}, "").code, 405u);
  data_.on_read = [](const data::v1::ReadRequest&, data::v1::ReadResponse*) {
    return DataError(Code::kNotFound, "deleted", "gone");
  };
  EXPECT_EQ(browser_->Get("/record/p").code, 410u);
}

TEST_F(RecordViewer, ServesItsFilesCompressedAndCacheable) {
  const HttpAnswer css = browser_->Get("/assets/viewer.css", {{"accept-encoding", "gzip"}});

  EXPECT_EQ(css.Header("content-encoding"), "gzip");
  EXPECT_THAT(css.Header("cache-control"), HasSubstr("immutable"));
  std::string plain;
  web::GunzipReader gunzip(10000);
  ASSERT_TRUE(gunzip.Write(css.body, &plain).ok());
  EXPECT_EQ(plain.size(), 5000u);
  EXPECT_EQ(browser_->Get("/assets/viewer.css", {{"if-none-match", css.Header("etag")}}).code,
            304u);
  EXPECT_EQ(browser_->Get("/assets/../manifest.json").code, 404u);
}

TEST_F(RecordViewer, LogsNoPatientsData) {
  data_.on_search = [](const data::v1::SearchRequest&, Writer<data::v1::SearchResponse>&) {
    return Internal("broken");
  };
  Search("name=lee");

  for (const LogLine& line : host_->Logs()) {
    for (const auto& [key, value] : line.fields) EXPECT_THAT(value, Not(HasSubstr("lee")));
  }
}

}  // namespace
}  // namespace strata::testing
