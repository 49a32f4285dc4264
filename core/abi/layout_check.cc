// The same checks with the C++ compiler, and in its own namespace so that both link together.
#include <strata/plugin_abi.h>
namespace strata::abi_cxx {
// NOLINTNEXTLINE(bugprone-suspicious-include): the point of this file.
#include "core/abi/layout_check.c"
}  // namespace strata::abi_cxx
