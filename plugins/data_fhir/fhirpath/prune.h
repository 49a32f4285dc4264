#pragma once

#include "plugins/data_fhir/fhirpath/ast.h"

// Private to this folder: shortens an expression for resources of one type.
namespace strata::fhirpath {

// Makes the operands of unions empty that start at another resource type, and drops empty operands:
// on a Patient, `Patient.name | Person.name` is `Patient.name`.
void PruneFor(Ast& ast, const fhir::model::Type& type);

}  // namespace strata::fhirpath
