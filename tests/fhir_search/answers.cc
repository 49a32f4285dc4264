#include "tests/fhir_search/answers.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdio>

#include "plugins/data_fhir/search/search.h"

namespace strata::fhir::search {

std::string Sha256(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : "\n").append(name);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string hex;
  for (const unsigned char byte : digest) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    hex += two;
  }
  return hex;
}

Result<Answer> Ask(Corpus& corpus, const data::v1::SearchRequest& request) {
  layout::MapView view(corpus.store(), corpus.Moment());
  Answer answer;
  std::string position;
  do {
    STRATA_ASSIGN_OR_RETURN(const Page page,
                            Execute(view, request, {.now_us = 0, .position = position}));
    for (const auto n : page.matches) answer.matches.push_back(corpus.NameOf(n));
    for (const auto n : page.included) answer.included.insert(corpus.NameOf(n));
    position = page.next;
  } while (!position.empty());
  return answer;
}

}  // namespace strata::fhir::search
