#include <gtest/gtest.h>

#include <string>

#include "plugins/service_record_viewer/seal.h"
#include "plugins/service_record_viewer/search_form.h"

namespace strata::record_viewer {
namespace {

std::vector<std::string> ErrorFields(const SearchForm& form) {
  std::vector<std::string> out;
  for (const FieldError& error : CheckSearchForm(form)) out.push_back(error.field);
  return out;
}

TEST(SearchForm, ReadsTrimsAndForgetsWhatItDoesNotKnow) {
  const SearchForm form = ReadSearchForm({{"name", "  lee "}, {"x", "y"}, {"dob-year", "1948"}});

  EXPECT_EQ(form.name, "lee");
  EXPECT_EQ(form.year, "1948");
  EXPECT_TRUE(ReadSearchForm({{"name", " "}}).blank());
}

TEST(SearchForm, NamesTheFieldOfEachError) {
  SearchForm form;
  EXPECT_EQ(ErrorFields(form), std::vector<std::string>{"nhs-number"});
  form.nhs_number = "9000000012";
  form.day = "31";
  form.month = "2";
  form.year = "1948";
  EXPECT_EQ(ErrorFields(form), (std::vector<std::string>{"nhs-number", "dob-day"}));
  form.nhs_number = "";
  form.month = "13";
  EXPECT_EQ(ErrorFields(form), std::vector<std::string>{"dob-month"});
  form.month = "";
  EXPECT_EQ(ErrorFields(form), std::vector<std::string>{"dob-month"});
  form = {};
  form.day = "1";
  EXPECT_EQ(ErrorFields(form), std::vector<std::string>{"dob-year"});
  form.year = "48";
  EXPECT_EQ(ErrorFields(form), std::vector<std::string>{"dob-year"});
}

TEST(SearchForm, BecomesSearchParameters) {
  SearchForm form;
  form.nhs_number = "900 000 0009";
  form.name = "LITTLE, Lou,is";
  form.day = "5";
  form.month = "July";
  form.year = "1948";
  form.identifier = "A|1,2";
  ASSERT_TRUE(CheckSearchForm(form).empty());

  EXPECT_EQ(SearchParameters(form),
            (web::Parameters{{"identifier", "https://fhir.nhs.uk/Id/nhs-number|9000000009"},
                             {"name", "LITTLE"},
                             {"name", "Lou"},
                             {"name", "is"},
                             {"birthdate", "1948-07-05"},
                             {"identifier", "A\\|1\\,2"}}));
  form = {};
  form.year = "1948";
  EXPECT_EQ(SearchParameters(form), (web::Parameters{{"birthdate", "1948"}}));
}

TEST(Seal, OpensOnlyForItsOwnerAndInTime) {
  const Seal seal;
  const std::string closed = seal.Close("name=leeuwenhoek", "anna", 1000);

  EXPECT_EQ(seal.Open(closed, "anna", 999), "name=leeuwenhoek");
  EXPECT_EQ(seal.Open(closed, "ben", 999), std::nullopt);
  EXPECT_EQ(seal.Open(closed, "anna", 1001), std::nullopt);
  EXPECT_EQ(Seal().Open(closed, "anna", 999), std::nullopt);
  EXPECT_EQ(closed.find("leeuwenhoek"), std::string::npos);
  EXPECT_NE(closed, seal.Close("name=leeuwenhoek", "anna", 1000));
}

TEST(Seal, RefusesWhatWasChanged) {
  const Seal seal("a secret that two servers share");
  const std::string closed = seal.Close("name=lee", "anna", 1000);

  EXPECT_EQ(Seal("a secret that two servers share").Open(closed, "anna", 1), "name=lee");
  for (std::size_t i = 0; i < closed.size(); ++i) {
    std::string changed = closed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(seal.Open(changed, "anna", 1), std::nullopt) << i;
  }
  for (const char* bad : {"", "A", "not base64!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_EQ(seal.Open(bad, "anna", 1), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace strata::record_viewer
