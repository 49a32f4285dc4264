#pragma once

#include <string>
#include <string_view>
#include <vector>

// The syntax of search parameters (FHIR R4 search.html#escaping, #modifiers, #chaining).
// Thread-safe.
namespace strata::fhir::search {

// Cuts `text` at each `separator` that no backslash stands before; the escapes stay.
std::vector<std::string_view> SplitEscaped(std::string_view text, char separator);

// Resolves \, \| \$ and \\; another backslash stays as it is.
std::string Unescape(std::string_view text);

// "subject:Patient.name:exact" -> {"subject", "Patient", "name:exact"}.
struct ParameterName {
  std::string_view code;
  std::string_view modifier;  // Without the colon; for a chain the type that is meant.
  std::string_view chain;     // What follows the point; empty for none.
};
ParameterName ParseName(std::string_view name);

// "_has:Observation:patient:code:in" -> {"Observation", "patient", "code:in"}; all empty when the
// name is incomplete.
struct HasName {
  std::string_view type;
  std::string_view reference;
  std::string_view rest;
};
HasName ParseHas(std::string_view name);

}  // namespace strata::fhir::search
