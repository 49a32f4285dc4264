#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/store/stored_json.h"

namespace strata::fhir::bundle {

// Where an entry of a transaction ends up.
struct LinkTarget {
  std::string reference;              // "Patient/42"
  std::string client_version;         // meta.versionId as the client sent it
  layout::VersionId new_version = 0;  // the one that the transaction makes; 0: none is made
};

// Where the entries of a transaction end up, by fullUrl. Thread-compatible.
class Targets final {
 public:
  void Add(std::string_view full_url, LinkTarget target);
  // "Patient/42" for a link that an entry whose own fullUrl is `from` holds, as the standard
  // resolves links within a bundle (FHIR R4 bundle.html#references); nothing when no entry is
  // meant. A link to a version means the entry whose meta.versionId it is, and then names the
  // version that the transaction makes of it.
  std::optional<std::string> Find(std::string_view link, std::string_view from) const;
  bool empty() const { return by_url_.empty(); }

 private:
  const LinkTarget* FindUrl(std::string_view link, std::string_view from) const;

  std::unordered_map<std::string, LinkTarget> by_url_;
  bool has_absolute_ = false;  // http(s), so that relative links may mean an entry
};

// Answers the reference for a conditional one ("Patient?identifier=..."), or the fault.
using ResolveCondition = std::function<Result<std::string>(std::string_view link)>;

// The changes to a resource, that of the entry whose fullUrl is `from`, that make its links those
// of the stored resources: references, elements of the types uri, url, oid and uuid, and href and
// src in narratives (FHIR R4 http.html#trules). In document order. Errors are those of `resolve`.
Result<std::vector<store::Splice>> RewriteLinks(json::Value resource, std::string_view from,
                                                const Targets& targets,
                                                const ResolveCondition& resolve);

}  // namespace strata::fhir::bundle
