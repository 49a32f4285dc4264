// Asks every question of a search oracle and compares the answers. Not part of the test list: the
// oracle's data set is too large for the repository.
//
// usage: search_oracle BUNDLES EXPECTED.ndjson
//
// BUNDLES is a folder of Synthea bundles. A line of EXPECTED is {area, query, count, sha256, ids,
// includeCount, includeSha256, sortGroups}: sha256 over the sorted "Type/id" of all matches, joined
// by newlines; {{Type/id}} in a query stands for the id. Exit status 1 when an answer differs.

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "tests/fhir_search/answers.h"
#include "tests/fhir_search/corpus.h"
#include "tests/fhir_search/request.h"

namespace strata::fhir::search {
namespace {

// Whether the answer is in the order of the groups; within one any order will do.
bool InOrder(const std::vector<std::string>& matches, json::Value groups) {
  std::size_t at = 0;
  for (const json::Value group : groups.elements()) {
    std::set<std::string> wanted;
    for (const json::Value name : group.elements()) wanted.insert(std::string(name.string()));
    for (std::size_t i = 0; i < wanted.size(); ++i, ++at) {
      if (at >= matches.size() || !wanted.contains(matches[at])) return false;
    }
  }
  return true;
}

std::string Judge(const Answer& answer, json::Value expected) {
  const auto count = static_cast<std::size_t>(expected["count"].int_value().value_or(-1));
  if (answer.matches.size() != count) {
    return std::to_string(answer.matches.size()) + " instead of " + std::to_string(count);
  }
  if (Sha256(answer.matches) != expected["sha256"].string()) return "other resources";
  if (expected["includeSha256"] && Sha256({answer.included.begin(), answer.included.end()}) !=
                                       expected["includeSha256"].string()) {
    return "other included resources: " + std::to_string(answer.included.size());
  }
  if (expected["sortGroups"] && !InOrder(answer.matches, expected["sortGroups"])) {
    return "another order";
  }
  return {};
}

int Main(const std::string& folder, const std::string& expected) {
  Corpus corpus;
  if (const Status loaded = corpus.Load(folder); !loaded.ok()) {
    std::cerr << loaded.ToString() << "\n";
    return 2;
  }
  std::cout << corpus.size() << " resources, "
            << corpus.extract_seconds() * 1e6 / static_cast<double>(corpus.size())
            << " us each to find the index values\n";
  std::map<std::string, std::pair<int, int>> areas;
  int misses = 0;
  std::vector<std::pair<double, std::string>> times;
  std::ifstream lines(expected);
  for (std::string line; std::getline(lines, line);) {
    const auto document = json::Document::Parse(line);
    const json::Value root = document->root();
    const std::string query(root["query"].string());
    const auto start = std::chrono::steady_clock::now();
    const Result<Answer> answer = Ask(corpus, RequestOf(query));
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    times.emplace_back(seconds, query);
    const std::string fault = answer.ok() ? Judge(*answer, root) : answer.status().ToString();
    auto& area = areas[std::string(root["area"].string())];
    ++area.second;
    area.first += fault.empty() ? 1 : 0;
    misses += fault.empty() ? 0 : 1;
    if (!fault.empty()) std::cout << "MISS " << query << ": " << fault << "\n";
  }
  int passed = 0;
  int all = 0;
  for (const auto& [area, score] : areas) {
    std::cout << area << " " << score.first << "/" << score.second << "\n";
    passed += score.first;
    all += score.second;
  }
  std::sort(times.rbegin(), times.rend());
  for (std::size_t i = 0; i < times.size() && i < 10; ++i) {
    std::cout << "slow: " << times[i].first * 1e3 << " ms " << times[i].second << "\n";
  }
  std::cout << "passed " << passed << " of " << all << "\n";
  return misses == 0 ? 0 : 1;
}

}  // namespace
}  // namespace strata::fhir::search

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: search_oracle BUNDLES EXPECTED.ndjson\n";
    return 2;
  }
  return strata::fhir::search::Main(argv[1], argv[2]);
}
