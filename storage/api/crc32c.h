#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace strata::storage {

// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of the bytes, going on from the CRC of what came
// before (0 at the start). Uses the processor's instruction when it has one. Thread-safe.
std::uint32_t Crc32cOf(const void* data, std::size_t size, std::uint32_t crc = 0);

inline std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc = 0) {
  return Crc32cOf(bytes.data(), bytes.size(), crc);
}

}  // namespace strata::storage
