#pragma once

#include <strata/context.h>
#include <strata/function_ref.h>

#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/bundle/bundle.h"
#include "plugins/data_fhir/bundle/entry_reader.h"
#include "plugins/data_fhir/store/request_log.h"
#include "plugins/data_fhir/store/store.h"

namespace strata::fhir::bundle {

// Answers each entry of the bundle, in its order. The visitor answers false to stop.
using EntryVisitor = FunctionRef<bool(data::v1::TransactionEntry& entry)>;

// Carries out a batch or transaction bundle (FHIR R4 http.html#transaction). A transaction that
// fails changes nothing and is an error that names the entry; in a batch each entry has its own
// outcome. INVALID_ARGUMENT for bundles of other types. Thread-safe; blocks.
Status Process(store::Store& store, const Context& cx, const Bundle& bundle,
               const Environment& environment, EntryVisitor visit);

}  // namespace strata::fhir::bundle
