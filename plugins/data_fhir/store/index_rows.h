#pragma once

#include <strata/context.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/keys.h"
#include "plugins/data_fhir/store/hosting.h"

namespace strata::fhir::store {

// An index row as it is now.
struct IndexRow {
  std::string key;  // empty: none
  layout::ResourceNumber last = 0;
  std::uint64_t version = 0;
  std::string value;
};

// The row of one value (`prefix`: layout::IndexPrefix) whose span `n` lies in, or none. Codes: the
// hosting layer's. Blocks. Thread-safe.
Result<IndexRow> FindIndexRow(const Hosting& hosting, const Context& cx, const std::string& prefix,
                              layout::ResourceNumber n);

}  // namespace strata::fhir::store
