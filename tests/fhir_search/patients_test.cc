// Hundreds of questions to the sample patients; the answers in expected.tsv were found by brute
// force (make_expected.py).

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/fhir_search/answers.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

struct Expected {
  std::string query;
  std::size_t count = 0;
  std::string sha256;
};

Expected Parse(const std::string& line) {
  const std::size_t first = line.find('\t');
  const std::size_t second = line.find('\t', first + 1);
  return {line.substr(0, first), std::stoul(line.substr(first + 1)), line.substr(second + 1)};
}

TEST(SamplePatients, AnswerAsBruteForceDoes) {
  Corpus corpus;
  ASSERT_TRUE(corpus.Load(STRATA_PATIENTS).ok());
  std::ifstream lines(STRATA_EXPECTED);
  std::size_t asked = 0;
  for (std::string line; std::getline(lines, line); ++asked) {
    const Expected expected = Parse(line);
    const Result<Answer> answer = Ask(corpus, RequestOf(expected.query + "&_count=1000"));
    ASSERT_TRUE(answer.ok()) << expected.query << ": " << answer.status().ToString();
    EXPECT_EQ(answer->matches.size(), expected.count) << expected.query;
    EXPECT_EQ(Sha256(answer->matches), expected.sha256) << expected.query;
  }
  EXPECT_GT(asked, 500U);
}

}  // namespace
}  // namespace strata::fhir::search
