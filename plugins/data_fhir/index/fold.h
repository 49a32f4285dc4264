#pragma once

#include <string>
#include <string_view>

// Text made comparable. Thread-safe.
namespace strata::fhir::index {

// For string search (FHIR R4 search.html#string): without case, accents and other combining marks;
// runs of white space become one space, none at either end unless `keep_ends`. Letters that Unicode
// does not take apart are written as their base letters (ø o, ł l, æ ae). Text that is no UTF-8
// stays as it is.
std::string FoldText(std::string_view text, bool keep_ends = false);

// For codes (R4 search.html#token: when in doubt, tokens are compared without case): case only.
std::string FoldCase(std::string_view text);

}  // namespace strata::fhir::index
