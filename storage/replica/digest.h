#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/rows.h"

namespace strata::storage::replica {

// What a set of rows has in common with another one, whatever the order: their number, and the sum
// of their SHA-256, as four little-endian numbers of 64 bits without carry between them. What is
// hashed is the row as Scan packs it (key, version, value), so it tells versions apart too. A row
// can be taken out again. Guards against accidents, not against who can choose rows to collide.
// Thread-compatible.
class RowDigest {
 public:
  void Add(const Row& row);
  void Remove(const Row& row);
  void Add(const RowDigest& other);

  std::uint64_t rows() const { return rows_; }
  // "<rows>:<64 hexadecimal digits>"
  std::string ToString() const;
  bool operator==(const RowDigest&) const = default;

 private:
  using Lanes = std::array<std::uint64_t, 4>;
  static Lanes Hash(const Row& row);

  std::uint64_t rows_ = 0;
  Lanes sum_{};
};

}  // namespace strata::storage::replica
