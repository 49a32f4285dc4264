#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/bundle/pending_search.h"

namespace strata::fhir::bundle {

// Finds what conditional references of one transaction mean (FHIR R4 http.html#trules): the only
// match among the stored resources and those that the transaction writes. Each condition is looked
// up once. Single-threaded.
class ConditionalReferences final {
 public:
  explicit ConditionalReferences(PendingSearch& search) : search_(search) {}

  // "Practitioner/42". FAILED_PRECONDITION: nothing matches ("not-found") or more than one does
  // ("multiple-matches"). INVALID_ARGUMENT: a search that cannot be.
  Result<std::string> Resolve(std::string_view link);

 private:
  Result<std::string> Search(std::string_view link);

  PendingSearch& search_;
  std::map<std::string, std::string, std::less<>> resolved_;
};

}  // namespace strata::fhir::bundle
