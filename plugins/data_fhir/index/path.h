#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/model/model.h"

// The FHIRPath of the standard's search parameters, typed and taken apart before anything is read:
// every path ends at elements whose type is known, so that one walk over a resource serves all
// parameters (program.h). Expressions beyond this subset are left to the FHIRPath engine.
namespace strata::fhir::index {

struct Step {
  enum class Kind : std::uint8_t {
    kMember,        // name: a JSON member (valueQuantity), each element of an array
    kFirst,         // [0] of what the step before found
    kEquals,        // where(name = 'literal')
    kResolvesTo,    // where(resolve() is literal)
    kHasExtension,  // where(hasExtension('literal'))
  };
  Kind kind = Kind::kMember;
  std::string name;
  std::string literal;

  bool operator==(const Step&) const = default;
};

struct Path {
  std::vector<Step> steps;
  const model::Type* type = nullptr;  // FHIR type of what is found there.
  // Where the path begins at the resource although its expression is evaluated elsewhere
  // (%resource).
  bool from_resource = false;
  // The element that the last member step went through ("Patient.gender"), for implied systems.
  std::string element;
};

// Path::element of what an extension holds.
inline constexpr std::string_view kExtensionValue = "Extension.value";

// Paths of `expression` evaluated on a value of type `context`; a union gives several. Terms that
// begin with another resource type are left out: they say nothing about this one.
// UNIMPLEMENTED: not in the subset. INVALID_ARGUMENT: no such element or type.
Result<std::vector<Path>> CompilePaths(std::string_view expression, const model::Type& context);

}  // namespace strata::fhir::index
