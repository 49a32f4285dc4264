#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace strata::fhir::layout {

// SipHash-2-4 (Aumasson and Bernstein, 2012) under a fixed key: the same on every machine and for
// ever. Stored: never change. Not a secret: whoever looks something up by a hash checks the row
// that it leads to where a false hit could do harm. Thread-safe.
std::uint64_t Hash64(std::string_view text);

// Two SipHash-2-4 under different keys, big-endian: for what nobody checks afterwards.
std::array<char, 16> Hash128(std::string_view text);

// Hash64("Patient/42"): the key of the I row, and the value of relative references in the index.
std::uint64_t HashOfReference(std::string_view type, std::string_view id);

}  // namespace strata::fhir::layout
