#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/index/extract.h"
#include "plugins/data_fhir/search/query.h"

namespace strata::fhir::search {

// Conditions joined by and, or and not, as _filter and _text have them.
struct Logic {
  enum class Kind : std::uint8_t { kIs, kAll, kAny, kNot };

  static Logic Is(Clause clause);
  static Logic All(std::vector<Logic> parts);
  static Logic Any(std::vector<Logic> parts);
  static Logic Not(Logic part);

  Kind kind = Kind::kIs;
  Clause clause;             // kIs; its own negation counts.
  std::vector<Logic> parts;  // kAll, kAny; the only one of kNot.
};

// The same as clauses that must all hold. An `or` of conditions that must hold becomes one clause
// which the index answers; one in which something must not hold is answered by looking at
// resources. RESOURCE_EXHAUSTED: it is too large for that; UNIMPLEMENTED: a chain stands in an `or`
// with something that must not hold. The extractor outlives the clauses.
Result<std::vector<Clause>> AsClauses(const Logic& logic, layout::TypeNumber type,
                                      const index::Extractor& extractor);

}  // namespace strata::fhir::search
