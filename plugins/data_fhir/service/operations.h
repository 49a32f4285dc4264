#pragma once

#include <strata/context.h>
#include <strata/stream.h>

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::service {

// Named operations (FHIR R4 operations.html). UNIMPLEMENTED for those that do not exist, with the
// list of those that do. Thread-safe; blocks.
Status CheckOperation(std::string_view operation);
Result<std::string> RunOperation(store::Store& store, const Context& cx,
                                 const data::v1::OperateRequest& request);
// The same with the request and the answer in pieces.
Status Operate(store::Store& store, const Context& cx, Reader<data::v1::OperateRequest>& reader,
               Writer<data::v1::OperateResponse>& writer);

}  // namespace strata::fhir::service
