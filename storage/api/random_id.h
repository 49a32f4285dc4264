#pragma once

#include <string>

namespace strata::storage {

// 32 hexadecimal digits from the kernel's random generator: store ids and snapshot tokens.
std::string RandomId();

}  // namespace strata::storage
