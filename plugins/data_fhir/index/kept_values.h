#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/data_fhir/index/entry_list.h"
#include "plugins/data_fhir/layout/header.h"
#include "plugins/data_fhir/layout/numbers.h"

// The index values that also stand in a resource's header: those of its date parameters, by which
// answers are sorted and narrowed most often. Stored: varint parameter, varint size, value. The
// time of _lastUpdated is the header's own. Thread-safe.
namespace strata::fhir::index {

// Whether the headers of such resources tell the parameter's values.
bool IsKept(layout::TypeNumber type, layout::ParameterNumber parameter);

// Whether a resource of the type has at most one value of the parameter, so that conditions on it
// can be taken together.
bool HasOneValue(layout::TypeNumber type, layout::ParameterNumber parameter);

// What to keep of a resource's values; nullopt: too much for a header.
std::optional<std::string> KeptOf(layout::TypeNumber type, const EntryList& entries);

// Shows the values of a kept parameter. false: the header does not tell.
[[nodiscard]] bool VisitKept(const layout::RowHeader& header, layout::ParameterNumber parameter,
                             const std::function<void(std::string_view value)>& visit);

}  // namespace strata::fhir::index
