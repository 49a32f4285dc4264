#include "storage/sqlite/page_checksum.h"

#include <algorithm>
#include <cstring>

#include "storage/api/crc32c.h"

namespace strata::storage::sqlite {
namespace {

constexpr unsigned char kMark[4] = {'S', 'c', 'k', '1'};

void Fixed32(std::uint32_t value, unsigned char* out) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<unsigned char>(value >> (8 * i));
}

void MakeSeal(const unsigned char* page, std::size_t size, std::uint32_t number,
              unsigned char* seal) {
  unsigned char bytes[4];
  Fixed32(number, bytes);
  Fixed32(Crc32cOf(page, size - kReservedBytes, Crc32cOf(bytes, sizeof bytes)), seal);
  std::memcpy(seal + 4, kMark, sizeof kMark);
}

}  // namespace

void SealPage(unsigned char* page, std::size_t size, std::uint32_t number) {
  MakeSeal(page, size, number, page + size - kReservedBytes);
}

bool PageIsSound(const unsigned char* page, std::size_t size, std::uint32_t number) {
  unsigned char seal[kReservedBytes];
  MakeSeal(page, size, number, seal);
  if (std::memcmp(seal, page + size - kReservedBytes, kReservedBytes) == 0) return true;
  return std::all_of(page, page + size, [](unsigned char byte) { return byte == 0; });
}

}  // namespace strata::storage::sqlite
