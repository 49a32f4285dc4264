#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Integers as bytes of keys and values. Thread-safe (no state).
namespace strata::fhir::layout {

// Appends the lowest `width` bytes (1..8) of `value`, most significant first: byte order is number
// order.
inline void AppendBigEndian(std::uint64_t value, std::size_t width, std::string* out) {
  for (std::size_t i = width; i-- > 0;) out->push_back(static_cast<char>(value >> (8 * i)));
}

// The number in the first `width` bytes (1..8) of `bytes`, which must be there.
inline std::uint64_t ReadBigEndian(std::string_view bytes, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// Little-endian base 128, as protobuf's varints.
void AppendVarint(std::uint64_t value, std::string* out);

// TakeVarint for any length.
[[nodiscard]] bool TakeLongVarint(std::string_view* bytes, std::uint64_t* value);

// Takes a varint from the front of `*bytes`. false: the bytes end within it or it is longer than
// 10 bytes; `*bytes` is undefined then.
[[nodiscard]] inline bool TakeVarint(std::string_view* bytes, std::uint64_t* value) {
  if (bytes->empty() || static_cast<unsigned char>(bytes->front()) >= 0x80) {
    return TakeLongVarint(bytes, value);
  }
  *value = static_cast<unsigned char>(bytes->front());
  bytes->remove_prefix(1);
  return true;
}

// The first key behind all keys that begin with `prefix`: the end of a range. Empty (to the last
// key) when there is none.
std::string PrefixEnd(std::string_view prefix);

}  // namespace strata::fhir::layout
