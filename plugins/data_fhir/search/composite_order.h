#pragma once

#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/layout/numbers.h"
#include "plugins/data_fhir/layout/view.h"

namespace strata::fhir::search {

struct CompositeRows {
  layout::ParameterNumber number = 0;  // 0: there is none.
  bool is_pair = false;                // Its rows are a derived pair's (index/derived.h).
};

// A composite of a type whose rows are in the order of `first`, then of `second`, and hold every
// pair of their values that resources have: what has one value of `first` can be read from it in
// the order of `second`, or where that has certain values. The standard's, the store's own ones,
// and derived pairs. Thread-safe.
CompositeRows CompositeOf(const layout::View& view, layout::TypeNumber type,
                          layout::ParameterNumber first, layout::ParameterNumber second);

}  // namespace strata::fhir::search
