#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/search/criterion.h"
#include "plugins/data_fhir/terminology/code_set.h"

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
// Tests of _filter that no parameter has: a whole value (eq of a string), or a part of a value (co,
// sw, ew of strings, the codes of tokens and URIs), without case; a date that shares some time with
// another.
Result<Criteria> CompilePart(const Subject& subject, std::string_view op, std::string_view value);
Result<Criteria> CompileOverlap(const Subject& subject, std::string_view value);
Result<Criteria> CompileNear(const Subject& subject, std::string_view value);
Result<Criteria> CompileComposite(const Subject& subject, std::string_view value);

// Any of some whole index values.
Criteria AnyOf(layout::ParameterNumber parameter, std::set<std::string, std::less<>> values);

// Any code of a set.
Criteria CriteriaOf(layout::ParameterNumber parameter, const terminology::CodeSet& set);

// References to one resource: what a parameter's index values are for "Type/id".
Criterion ReferenceTo(layout::ParameterNumber parameter, std::string_view type,
                      std::string_view id);

// The same written as a URL of this server.
Criterion OwnReferenceTo(layout::ParameterNumber parameter, std::string_view base_url,
                         std::string_view type, std::string_view id);

}  // namespace strata::fhir::search
