#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/status.h"

namespace strata::fhir::terminology {

// "url|version", taken apart; the version is empty when none is named.
struct Canonical {
  std::string_view url;
  std::string_view version;
};
Canonical ParseCanonical(std::string_view text);

// Whether version `a` is older than `b`: numbers in them compare as numbers.
bool IsOlderVersion(std::string_view a, std::string_view b);

// Where CodeSystems and ValueSets come from.
class Source {
 public:
  virtual ~Source() = default;

  // The resource of that type with that canonical URL; of several versions the one named or else
  // the best (active before others, then the newest). nullopt: there is none.
  virtual Result<std::optional<json::Document>> Find(std::string_view type,
                                                     std::string_view canonical) = 0;
};

}  // namespace strata::fhir::terminology
