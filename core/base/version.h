#pragma once

namespace strata {

// Semantic version of core and SDK; CMakeLists.txt reads it from here.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace strata
