#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/fhirpath/item.h"
#include "plugins/data_fhir/model/model.h"
#include "plugins/data_fhir/patch/draft.h"

// Private to this folder.
namespace strata::fhir::patch {

// Where in its resource an element stands that an expression has found.
struct Target {
  // From the root to the object that holds the element: member names and indexes.
  struct Step {
    std::string name;
    std::size_t index = 0;  // of a list, when the name is empty
    bool operator==(const Step&) const = default;
  };
  std::vector<Step> owner;
  std::string member;                       // JSON member without the `_` of a primitive's sibling
  std::optional<std::size_t> index;         // of a repeating element
  const model::Type* owner_type = nullptr;  // nullptr where the model knows nothing
  const model::Element* element = nullptr;  // as which the owner declares it
  const model::Type* type = nullptr;        // of the element itself

  bool is_root() const { return member.empty(); }
  bool SameList(const Target& other) const {
    return owner == other.owner && member == other.member;
  }
  // Member names only, as IsServersOwn takes them; empty when there are indexes on the way.
  std::vector<std::string> Place() const;
};

// FAILED_PRECONDITION: the item is no element of this resource, but computed or of another one.
Result<Target> Locate(json::Value resource, const fhirpath::Item& item);

// The object that holds the element.
Draft& OwnerOf(const Target& target, Draft& root);

}  // namespace strata::fhir::patch
