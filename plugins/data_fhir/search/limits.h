#pragma once

#include <cstddef>
#include <cstdint>

// What one search may ask for and use. A search that would need more is refused, never cut short.
namespace strata::fhir::search {

inline constexpr std::size_t kMaxClauses = 64;          // parameters joined by AND
inline constexpr std::size_t kMaxValues = 500;          // values of one parameter joined by OR
inline constexpr std::size_t kMaxValueBytes = 8 << 10;  // one parameter's value
inline constexpr std::size_t kMaxSortKeys = 8;
inline constexpr std::size_t kMaxChainDepth = 8;
inline constexpr std::uint32_t kDefaultPage = 50;
inline constexpr std::uint32_t kMaxPage = 1000;
// Resources that a chain or _has may lead through, and that includes may add to a page.
inline constexpr std::size_t kMaxJoined = 200'000;
inline constexpr std::size_t kMaxIncluded = 10'000;
// Resources that one search looks at for a parameter that no index answers (_content).
inline constexpr std::size_t kMaxLooked = 20'000;
// Resources of a hierarchy that :above and :below go through.
inline constexpr std::size_t kMaxHierarchy = 10'000;
// Resources that are held to be sorted or counted.
inline constexpr std::size_t kMaxHeld = 4'000'000;

}  // namespace strata::fhir::search
