#pragma once

#include <string_view>

namespace strata::fhir::index {

// The only system whose codes the element's required binding allows ("Patient.gender"); empty when
// there is none or more than one (code-systems.tsv). Thread-safe.
std::string_view ImpliedSystem(std::string_view element);

}  // namespace strata::fhir::index
