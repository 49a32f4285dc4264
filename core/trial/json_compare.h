#pragma once

#include <functional>
#include <string>

#include "core/base/json.h"

namespace strata::trial {

// Receives the place of a difference: "name[*].family".
using DifferenceSink = std::function<void(const std::string& path)>;

// Tells where two JSON values differ. The order of an object's members means nothing, that of an
// array's elements does; numbers are the same when they are written the same (1.10 is not 1.1, as
// in FHIR R4 json.html). Indexes are left out of the paths, and no value is ever part of one:
// member names are, because in records they belong to the schema, but names that look like data
// (longer than 64 bytes, or not made of letters, digits and _ - $ :) become "?". `path` is where
// the values stand.
void CompareJson(const json::Value& a, const json::Value& b, const std::string& path,
                 const DifferenceSink& different);

}  // namespace strata::trial
