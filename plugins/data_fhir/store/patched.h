#pragma once

#include <string_view>

#include "core/base/json.h"
#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::store {

// A stored version after a patch, still without a stamp of its own: a resource of the same type and
// id. INVALID_ARGUMENT: "structure" no JSON, "invalid" no patch, "processing" it cannot be carried
// out on this resource (HTTP 422); RESOURCE_EXHAUSTED: too much work, or the result is too long.
// Thread-safe.
Result<json::Document> Patched(const Version& stored, data::v1::PatchRequest::Format format,
                               std::string_view patch);

}  // namespace strata::fhir::store
