#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/store/stored_json.h"

namespace strata::fhir::bundle {

// Where the entries of a transaction end up: fullUrl -> "Patient/42". Thread-compatible.
class Targets final {
 public:
  void Add(std::string_view full_url, std::string reference);
  // "Patient/42" for a link that an entry whose own fullUrl is `from` holds, as the standard
  // resolves links within a bundle (FHIR R4 bundle.html#references); nullptr when no entry is
  // meant.
  const std::string* Find(std::string_view link, std::string_view from) const;
  bool empty() const { return by_url_.empty(); }

 private:
  std::unordered_map<std::string, std::string> by_url_;
  bool has_absolute_ = false;  // http(s), so that relative links may mean an entry
};

// Answers the reference for a conditional one ("Patient?identifier=..."), or the fault.
using ResolveCondition = std::function<Result<std::string>(std::string_view link)>;

// The changes to an entry's resource that make its links those of the stored resources: references,
// elements of the types uri, url, oid and uuid, and href and src in narratives (FHIR R4
// http.html#trules). In document order. Errors are those of `resolve`.
Result<std::vector<store::Splice>> RewriteLinks(const Entry& entry, const Targets& targets,
                                                const ResolveCondition& resolve);

}  // namespace strata::fhir::bundle
