#pragma once

#include "plugins/data_fhir/search/query.h"
#include "plugins/data_fhir/search/scan.h"

namespace strata::fhir::search {

// The resources that go along with the matches of a page (FHIR R4 search.html#include), without
// the matches themselves, in order of number. RESOURCE_EXHAUSTED with an Outcome: more than
// kMaxIncluded; else the view's errors.
Result<Numbers> Included(layout::View& view, const Query& query, const Numbers& matches);

}  // namespace strata::fhir::search
