#pragma once

#include <functional>
#include <string_view>

#include "core/base/json.h"
#include "plugins/data_fhir/index/convert.h"

namespace strata::fhir::index {

// The index values of a Quantity, Money or Range (FHIR R4 search.html#quantity): as it is written
// and, when its unit is UCUM's, in base units, so that 1 g is found by 1000 mg. Thread-safe.
void AppendQuantities(DataType data, json::Value value,
                      const std::function<void(std::string_view bytes)>& add);

}  // namespace strata::fhir::index
