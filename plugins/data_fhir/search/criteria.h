#pragma once

#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/search/criterion.h"

// The compilers of values, one per search type. Errors as CompileValue. Thread-safe.
namespace strata::fhir::search {

using Criteria = std::vector<Criterion>;

Result<Criteria> CompileToken(const Subject& subject, std::string_view value);
Result<Criteria> CompileString(const Subject& subject, std::string_view value);
Result<Criteria> CompileReference(const Subject& subject, std::string_view value);
Result<Criteria> CompileDate(const Subject& subject, std::string_view value);
Result<Criteria> CompileNumber(const Subject& subject, std::string_view value);
Result<Criteria> CompileQuantity(const Subject& subject, std::string_view value);
Result<Criteria> CompileUri(const Subject& subject, std::string_view value);
Result<Criteria> CompileComposite(const Subject& subject, std::string_view value);

// References to one resource: what a parameter's index values are for "Type/id".
Criterion ReferenceTo(layout::ParameterNumber parameter, std::string_view type,
                      std::string_view id);

}  // namespace strata::fhir::search
