#pragma once

#include "core/base/status.h"
#include "plugins/data_fhir/fhirpath/ast.h"

// Private to this folder: strict mode, the types of an expression before it meets data.
namespace strata::fhirpath {

// INVALID_ARGUMENT with the position of what cannot be, see Expression::Check.
Status CheckExpression(const Ast& ast, const fhir::model::Type& root);

}  // namespace strata::fhirpath
