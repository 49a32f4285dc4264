#pragma once

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"

// Bodies that a bundle can only carry within a resource. Thread-safe.
namespace strata::fhir::bundle {

// The patch of a PATCH entry: a Parameters resource (FHIRPath Patch), or a Binary whose data is a
// JSON Patch or Parameters, by its contentType (FHIR R4 http.html#jsonpatch-transaction).
// INVALID_ARGUMENT: anything else.
Status ReadPatch(json::Value resource, Entry* entry);

// Adds the parameters of a search by POST: a Binary with a form, or none.
Status ReadSearchForm(json::Value resource, store::Parameters* parameters);

}  // namespace strata::fhir::bundle
