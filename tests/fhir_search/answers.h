#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "strata/data/v1/data.pb.h"
#include "tests/fhir_search/corpus.h"

namespace strata::fhir::search {

// What a search answers, all pages together, as "Type/id".
struct Answer {
  std::vector<std::string> matches;
  std::set<std::string> included;
};
Result<Answer> Ask(Corpus& corpus, const data::v1::SearchRequest& request);

// Over the sorted names joined by newlines, as hexadecimal digits.
std::string Sha256(std::vector<std::string> names);

}  // namespace strata::fhir::search
