// Asks the questions of cases/queries.tsv (see cases/README.md).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "plugins/data_fhir/search/search.h"
#include "strata/common/v1/common.pb.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

constexpr std::string_view kBase = "http://strata.test/fhir";

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

std::string WithBase(std::string text) {
  for (std::size_t at = 0; (at = text.find("[base]", at)) != std::string::npos;) {
    text.replace(at, 6, kBase);
  }
  return text;
}

std::string IdOf(const std::string& name) { return name.substr(name.find('/') + 1); }

// All diagnostics of a refusal.
std::string Diagnostics(const Status& status) {
  common::v1::ErrorStatus error;
  data::v1::Outcome outcome;
  if (status.code() != Code::kInvalidArgument || !error.ParseFromString(status.details()) ||
      error.details().empty() || !outcome.ParseFromString(error.details(0).value())) {
    return "no refusal: " + status.ToString();
  }
  std::string all;
  for (const auto& issue : outcome.issues()) all += issue.diagnostics() + " ";
  return all;
}

class CasesTest : public testing::Test {
 protected:
  CasesTest() {
    for (const std::string& line : LinesOf(STRATA_CASES "/resources.ndjson")) corpus_.Put(line);
  }

  std::string Answer(const std::string& query) {
    data::v1::SearchRequest request = RequestOf(WithBase(query));
    request.set_base_url(std::string(kBase));
    layout::MapView view(corpus_.store(), corpus_.Moment());
    const auto page = Execute(view, request, {.now_us = 0, .position = {}});
    if (!page.ok()) return "! " + Diagnostics(page.status());
    std::ostringstream out;
    for (const auto n : page->matches) out << IdOf(corpus_.NameOf(n)) << " ";
    std::vector<std::string> included;
    for (const auto n : page->included) included.push_back(IdOf(corpus_.NameOf(n)));
    std::sort(included.begin(), included.end());
    for (const std::string& name : included) out << "+" << name << " ";
    std::string text = out.str();
    if (text.empty()) return "-";
    text.pop_back();
    return text;
  }

  Corpus corpus_;
};

TEST_F(CasesTest, EveryQueryIsAnsweredAsItMustBe) {
  const std::vector<std::string> lines = LinesOf(STRATA_CASES "/queries.tsv");
  ASSERT_GT(lines.size(), 100U);
  for (const std::string& line : lines) {
    const std::size_t tab = line.find('\t');
    const std::string query = line.substr(0, tab);
    const std::string expected = line.substr(tab + 1);
    if (expected.starts_with("! ")) {
      const std::string answer = Answer(query);
      EXPECT_THAT(answer, testing::StartsWith("! ")) << query;
      EXPECT_THAT(answer, testing::HasSubstr(expected.substr(2))) << query;
    } else {
      EXPECT_EQ(Answer(query), expected) << query;
    }
  }
}

TEST_F(CasesTest, ContentIsRefusedWhenItLooksAtTooMuch) {
  std::vector<std::string> jsons;
  for (int i = 0; i < 20'500; ++i) {
    jsons.push_back(R"({"resourceType":"Basic","id":"b)" + std::to_string(i) + "\"}");
  }
  corpus_.PutAll(jsons);

  layout::MapView view(corpus_.store(), corpus_.Moment());
  const auto page = Execute(view, RequestOf("Basic?_content=word"), {.now_us = 0, .position = {}});

  EXPECT_EQ(page.status().code(), Code::kResourceExhausted);
  EXPECT_EQ(Answer("Basic?_content=word&_id=b7"), "-");
}

}  // namespace
}  // namespace strata::fhir::search
