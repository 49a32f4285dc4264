#pragma once

#include <string>

#include "core/base/status.h"

namespace strata::bench {

// What a package is that MakeVariant makes.
enum class Variant {
  kSound,
  kDishonest,  // Only its manifest says the new version.
  kOtherAbi,   // Built for another major version of the plugin ABI.
};

// Makes another version of a package without building it: a copy in `to` whose plugin.so says
// `version` wherever it said the old one (of the same length), and whose manifest says so too.
// Those that are not sound must be refused by the core.
Status MakeVariant(const std::string& from, const std::string& to, const std::string& version,
                   Variant kind = Variant::kSound);

}  // namespace strata::bench
