#pragma once

#include <string>

#include "core/base/status.h"

namespace strata::bench {

// Makes another version of a package without building it: a copy in `to` whose plugin.so says
// `version` wherever it said the old one (of the same length), and whose manifest says so too. With
// `honest` false, only the manifest does: a package that the core must refuse.
Status MakeVariant(const std::string& from, const std::string& to, const std::string& version,
                   bool honest = true);

}  // namespace strata::bench
