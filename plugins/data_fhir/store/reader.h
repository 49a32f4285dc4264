#pragma once

#include <strata/context.h>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::store {

// read, vread and conditional read (FHIR R4 http.html#read, #vread, #cread). NOT_FOUND: no such
// resource, version or type, or it was deleted (issue code "deleted"). INVALID_ARGUMENT: not an id.
Status Read(Store& store, const Context& cx, const data::v1::ReadRequest& request,
            data::v1::ReadResponse* response);

}  // namespace strata::fhir::store
