#pragma once

#include <strata/context.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::bundle {

// A resource that the transaction writes: where it will be, and its text as the client sent it.
struct PendingResource {
  store::ResourceKey key;
  json::Value root;
};

// Finds what conditional references of one transaction mean (FHIR R4 http.html#trules): the only
// match among the stored resources and those that the transaction writes. Each condition is looked
// up once. Single-threaded.
class ConditionalReferences final {
 public:
  ConditionalReferences(store::Store& store, const Context& cx,
                        const std::vector<PendingResource>& pending)
      : store_(store), cx_(cx), pending_(pending) {}

  // "Practitioner/42". FAILED_PRECONDITION: nothing matches ("not-found") or more than one does
  // ("multiple-matches"). INVALID_ARGUMENT: a search that cannot be.
  Result<std::string> Resolve(std::string_view link);

 private:
  Result<std::string> Search(std::string_view link);

  store::Store& store_;
  const Context& cx_;
  const std::vector<PendingResource>& pending_;
  std::map<std::string, std::string, std::less<>> resolved_;
};

}  // namespace strata::fhir::bundle
