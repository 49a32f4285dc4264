#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/model/model.h"

// The parts of a resource that a client asks for (FHIR R4 search.html#summary, #elements).
// Mandatory elements, id, meta and modifier extensions always come along; what was cut is marked
// SUBSETTED in meta.tag, so that nobody writes it back as a whole.
namespace strata::fhir::subset {

enum class Summary : std::uint8_t {
  kFalse,  // everything
  kTrue,   // the elements that the definitions mark as summary, at every depth
  kText,   // the narrative and mandatory elements
  kData,   // everything but the narrative
  kCount,  // no resources at all: searches only
};

// Which role a resource has in an answer: elements that are named without a type are those of the
// resources that were asked for.
enum class Role : std::uint8_t { kMatch, kInclude };

// Thread-compatible.
class Subset {
 public:
  Summary summary() const { return summary_; }
  // Nothing is cut.
  bool is_whole() const { return summary_ == Summary::kFalse && elements_.empty(); }

  // Each takes one parameter's value. INVALID_ARGUMENT with what is allowed; the parameters exclude
  // each other.
  Status AddSummary(std::string_view value);
  // Names of top-level elements joined by commas, "Type.element" for resources of that type only.
  // `type` is that of the resources asked for; empty: any, and the names are not checked.
  Status AddElements(std::string_view value, std::string_view type);

  // The resource's text, cut. `resource` is an object with a resourceType of FHIR R4.
  std::string Cut(json::Value resource, Role role) const;

 private:
  struct Name {
    std::string type;  // Empty: of the resources asked for.
    std::string element;
  };
  Status AddElement(std::string_view name, std::string_view type);

  Summary summary_ = Summary::kFalse;
  std::vector<Name> elements_;
};

}  // namespace strata::fhir::subset
