#pragma once

#include <string>
#include <string_view>

#include "strata/data/v1/data.pb.h"

namespace strata::fhir::search {

// "Patient?name=x&_count=5" or "Patient/42/Observation?code=y" as a request; {{Type/id}} is the id.
data::v1::SearchRequest RequestOf(std::string_view query);

}  // namespace strata::fhir::search
