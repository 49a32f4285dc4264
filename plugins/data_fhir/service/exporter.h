#pragma once

#include <strata/context.h>
#include <strata/function_ref.h>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::service {

// Copies everything as it was at the moment of the call, in the order of resource numbers, with
// bounded memory. Writers go on meanwhile. The visitor answers false to stop. NOT_FOUND: an unknown
// type. Thread-safe; blocks.
Status Export(store::Store& store, const Context& cx, const data::v1::ExportRequest& request,
              FunctionRef<bool(data::v1::ExportResponse&)> visit);

}  // namespace strata::fhir::service
