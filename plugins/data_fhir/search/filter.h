#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::fhir::search {

// A _filter, parsed (FHIR R4 search_filter.html): tests joined by and, or and not. And and or have
// no precedence: what stands left counts first.
struct Filter {
  enum class Kind : std::uint8_t { kTest, kAll, kAny, kNot };

  // name or name[filter] of a path; name may carry the type it leads to: subject:Patient.
  struct Step {
    std::string name;
    std::shared_ptr<const Filter> filter;  // Null: none.
  };

  Kind kind = Kind::kTest;
  std::vector<Filter> parts;  // kAll, kAny; the only one of kNot.
  // kTest:
  std::vector<Step> path;
  std::string op;
  std::string value;
};

// INVALID_ARGUMENT: it does not follow the grammar, or nests too deep; says what was expected and
// at which character.
Result<Filter> ParseFilter(std::string_view text);

}  // namespace strata::fhir::search
