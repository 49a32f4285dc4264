#pragma once

#include <optional>
#include <span>

#include "plugins/data_fhir/search/composite_order.h"
#include "plugins/data_fhir/search/query.h"

// Conditions that follow from those of a query and that the index answers by reading little where
// each of those is large: what a page needs of several large conditions that hardly ever meet.
// Thread-safe.
namespace strata::fhir::search {

// The parameter that all of a condition's values are of, each told by the index; 0: there is none.
layout::ParameterNumber OnlyParameter(const Clause& clause);

// Holds wherever one of some exact values of one parameter and `second` hold, by rows of both.
// nullopt: it would have too many places to read at.
std::optional<Clause> PairHint(const CompositeRows& rows, std::span<const Criterion> values,
                               const Clause& second);

// Holds wherever `negated` does: other values than those that must not be, or none. nullopt: the
// index does not tell that. Needs derived rows (index/derived.h).
std::optional<Clause> RestHint(layout::TypeNumber type, const Clause& negated);

}  // namespace strata::fhir::search
