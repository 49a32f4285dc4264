#pragma once

#include <string_view>

// Private to this folder.
namespace strata::fhir::patch {

// Whether two JSON numbers are numerically equal (RFC 6902 section 4.6): 1.10, 11e-1 and 1.1 are,
// at any size.
bool NumbersEqual(std::string_view a, std::string_view b);

}  // namespace strata::fhir::patch
