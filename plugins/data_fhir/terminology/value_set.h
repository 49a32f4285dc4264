#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/terminology/code_set.h"
#include "plugins/data_fhir/terminology/source.h"

namespace strata::fhir::terminology {

// Codes that one set may hold one by one, and ValueSets that one may import through others.
inline constexpr std::size_t kMaxCodes = 20'000;
inline constexpr int kMaxImports = 16;

// The codes of a ValueSet (FHIR R4 valueset.html): of its stored expansion when that is complete,
// else of its definition: compose.include and exclude, by concepts, filters, whole CodeSystems and
// other ValueSets. `canonical` may also be an implicit ValueSet of a CodeSystem: `url?fhir_vs` (all
// codes) and `url?fhir_vs=isa/CODE`. A CodeSystem that is not stored as a whole is taken for what
// the codes that name it say.
//
// Errors, each with what is missing: NOT_FOUND a ValueSet or CodeSystem that is needed;
// RESOURCE_EXHAUSTED more than kMaxCodes; FAILED_PRECONDITION it cannot be told which codes are
// meant (an incomplete CodeSystem, ValueSets that import each other); UNIMPLEMENTED an unknown
// filter; INVALID_ARGUMENT a broken definition; the source's.
Result<CodeSet> Expand(Source& source, std::string_view canonical);

// Codes that a code of a stored CodeSystem is a kind of (`below` false) or that are kinds of it,
// itself included. Errors as Expand.
Result<CodeSet> Subsumed(Source& source, std::string_view system, std::string_view code,
                         bool below);

}  // namespace strata::fhir::terminology
