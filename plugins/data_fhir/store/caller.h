#pragma once

#include <strata/context.h>

#include <string>

#include "core/base/status.h"

namespace strata::fhir::store {

// Who is asking, as the core says (strata.common.v1.AuthContext). Every entry point of the service
// makes one with Identify before anything else, and what it may do is asked of it and of nobody
// else: enforcement of scopes, compartments and tenants has this one place. Thread-compatible.
struct Caller {
  std::string subject;
  std::string tenant;
  std::string patient_id;  // compartment that the call is confined to; empty when not confined
};

// PERMISSION_DENIED: the bytes are no AuthContext. UNIMPLEMENTED: a tenant or a compartment is
// named, which this release cannot keep apart: refused rather than ignored.
Result<Caller> Identify(const Context& cx);

}  // namespace strata::fhir::store
