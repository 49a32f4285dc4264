#include "storage/api/random_id.h"

#include <array>
#include <random>

namespace strata::storage {

std::string RandomId() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::random_device device;  // getrandom or RDRAND under libstdc++
  std::string id;
  for (int word = 0; word < 4; ++word) {
    std::uint32_t bits = device();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) id.push_back(kDigits[bits & 15]);
  }
  return id;
}

}  // namespace strata::storage
