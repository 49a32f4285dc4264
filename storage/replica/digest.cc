#include "storage/replica/digest.h"

#include <openssl/sha.h>

#include <cstddef>

namespace strata::storage::replica {

RowDigest::Lanes RowDigest::Hash(const Row& row) {
  thread_local std::string packed;
  packed.clear();
  AppendRow(&packed, row);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(packed.data()), packed.size(), hash.data());
  Lanes lanes{};
  for (std::size_t i = 0; i < hash.size(); ++i) {
    lanes[i / 8] |= static_cast<std::uint64_t>(hash[i]) << (8 * (i % 8));
  }
  return lanes;
}

void RowDigest::Add(const Row& row) {
  const Lanes lanes = Hash(row);
  for (std::size_t i = 0; i < lanes.size(); ++i) sum_[i] += lanes[i];
  ++rows_;
}

void RowDigest::Remove(const Row& row) {
  const Lanes lanes = Hash(row);
  for (std::size_t i = 0; i < lanes.size(); ++i) sum_[i] -= lanes[i];
  --rows_;
}

void RowDigest::Add(const RowDigest& other) {
  for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
  rows_ += other.rows_;
}

std::string RowDigest::ToString() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = std::to_string(rows_) + ":";
  for (const std::uint64_t lane : sum_) {
    for (int shift = 0; shift < 64; shift += 8) {
      text.push_back(kDigits[(lane >> (shift + 4)) & 15]);
      text.push_back(kDigits[(lane >> shift) & 15]);
    }
  }
  return text;
}

}  // namespace strata::storage::replica
