#pragma once

#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/status.h"

namespace strata::fhir::service {

// $fhirpath: evaluates an expression on a resource. Answers a Parameters resource with one part
// `result` per item: `value[x]` of the item's type, `resource` for resources, and for elements of
// other types the extension with their JSON that FHIRPath tools use. INVALID_ARGUMENT: the
// expression does not compile or does not fit the data. Thread-safe.
Result<std::string> EvaluateFhirPath(std::string_view expression, json::Value resource);

}  // namespace strata::fhir::service
