#pragma once

#include <cstddef>
#include <cstdint>

// The last 8 bytes of each page of the data file: CRC-32C of the page's number and of its other
// bytes (4 bytes, little-endian), and 4 bytes that say so. SQLite leaves them alone because the
// file's header reserves them (sqlite.org/fileformat2.html, offset 20). Stored: never change.
namespace strata::storage::sqlite {

inline constexpr int kReservedBytes = 8;

// Puts the checksum into the page. `number` counts from 1.
void SealPage(unsigned char* page, std::size_t size, std::uint32_t number);

// False when the page is damaged, or belongs elsewhere. A page of zeros is one that was never
// written: SQLite reads none of those as content.
bool PageIsSound(const unsigned char* page, std::size_t size, std::uint32_t number);

}  // namespace strata::storage::sqlite
