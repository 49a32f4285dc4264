#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::host {

// Names that a shared object offers to others: defined, not local, not hidden; sorted. Reads what
// the dynamic loader reads (PT_DYNAMIC and its hash table; System V gABI chapter 5), not the
// section headers, which a file may lack or lie in. INVALID_ARGUMENT: not a well-formed 64-bit
// shared object of this machine; the message says what is wrong.
Result<std::vector<std::string>> ExportedSymbols(std::string_view image);

}  // namespace strata::host
