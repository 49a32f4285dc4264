#pragma once

#include <memory>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/base/status.h"
#include "plugins/data_fhir/model/custom_parameters.h"

// Custom search parameters as texts: from SearchParameter resources (FHIR R4 searchparameter.html),
// and in the store's own row. Thread-safe.
namespace strata::fhir::store {

// What a SearchParameter resource defines; nullptr when it is retired, or repeats a parameter of
// the standard. INVALID_ARGUMENT with the element: it cannot be indexed (unknown base or type,
// broken expression with the position, elements that no parameter of its type can hold, a code that
// the standard uses already, components that are not there or composites themselves).
Result<std::unique_ptr<model::CustomParameter>> ReadDefinition(json::Value resource);

void WriteDefinition(const model::CustomParameter& parameter, json::Writer* writer);
// DATA_LOSS: not what WriteDefinition wrote.
Result<std::unique_ptr<model::CustomParameter>> ParseDefinition(json::Value stored);

}  // namespace strata::fhir::store
