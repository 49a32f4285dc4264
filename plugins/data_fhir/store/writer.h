#pragma once

#include <strata/context.h>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

// The changing interactions on single resources, each atomic and started again when others were
// faster (kAttempts times, then ABORTED). A request_id makes a repeated call answer as the first.
// Errors: proto/strata/data/v1/README.md. Thread-safe; block.
namespace strata::fhir::store {

// FHIR R4 http.html#create, #ccreate
Status Create(Store& store, const Context& cx, const data::v1::CreateRequest& request,
              data::v1::WriteResponse* response);

// FHIR R4 http.html#update, #upsert, #cond-update
Status Update(Store& store, const Context& cx, const data::v1::UpdateRequest& request,
              data::v1::WriteResponse* response);

// FHIR R4 http.html#patch, with JSON Patch and FHIRPath Patch; conditional like delete.
Status Patch(Store& store, const Context& cx, const data::v1::PatchRequest& request,
             data::v1::WriteResponse* response);

// FHIR R4 http.html#delete, #3.1.0.7.1
Status Delete(Store& store, const Context& cx, const data::v1::DeleteRequest& request,
              data::v1::DeleteResponse* response);

}  // namespace strata::fhir::store
