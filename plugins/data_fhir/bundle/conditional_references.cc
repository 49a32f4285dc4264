#include "plugins/data_fhir/bundle/conditional_references.h"

#include "plugins/data_fhir/bundle/request_url.h"
#include "plugins/data_fhir/store/fault.h"

namespace strata::fhir::bundle {

Result<std::string> ConditionalReferences::Resolve(std::string_view link) {
  const auto known = resolved_.find(link);
  if (known != resolved_.end()) return known->second;
  STRATA_ASSIGN_OR_RETURN(std::string reference, Search(link));
  return resolved_.emplace(std::string(link), std::move(reference)).first->second;
}

Result<std::string> ConditionalReferences::Search(std::string_view link) {
  if (layout::TypeNumberOf(link.substr(0, link.find('?'))) == 0) {
    return store::Fault(Code::kInvalidArgument, "value",
                        "a conditional reference names no resource type of FHIR R4");
  }
  STRATA_ASSIGN_OR_RETURN(const RequestUrl url, ParseRequestUrl(link, {}));
  STRATA_ASSIGN_OR_RETURN(const auto matches, search_.Find(url.type, url.parameters));
  if (matches.size() == 1) return url.type + "/" + matches.begin()->id;
  return matches.empty() ? store::Fault(Code::kFailedPrecondition, "not-found",
                                        "a conditional reference matches no resource")
                         : store::Fault(Code::kFailedPrecondition, "multiple-matches",
                                        "a conditional reference matches more than one resource");
}

}  // namespace strata::fhir::bundle
