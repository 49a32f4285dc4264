#pragma once

#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/model/model.h"
#include "plugins/data_fhir/patch/property.h"

// Private to this folder.
namespace strata::fhir::patch {

// An element that a patch brings, and the JSON member it goes to.
struct NewElement {
  std::string member;  // "valueQuantity" for the choice `value`
  ElementText text;
};

// What the part `value` of an operation says, as an element `element` of a type (FHIR R4
// fhirpatch.html#concept): value[x], a resource, or parts for a type without name. `element` is
// nullptr where the model knows nothing; the member is `name` then. INVALID_ARGUMENT: no value, or
// one of a type that the element cannot have.
Result<NewElement> ReadValue(json::Value part, std::string_view name,
                             const model::Element* element);

// The element of a type by the name that a patch gives it: "value", "value[x]" or "valueQuantity".
const model::Element* FindElement(const model::Type& type, std::string_view name);

}  // namespace strata::fhir::patch
