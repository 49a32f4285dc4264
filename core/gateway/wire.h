#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The protobuf wire format (protobuf.dev/programming-guides/encoding), as much as the gateways
// need. They move bytes: reading views out of a plugin's message saves the copy that a generated
// class makes of every body, and the core needs no protobuf library. Tests hold the codecs built on
// this against the generated classes. Thread-compatible.
namespace strata::gateway {

inline void AppendVarint(std::uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

inline void AppendUint(std::uint32_t field, std::uint64_t value, std::string* out) {
  AppendVarint(field << 3, out);
  AppendVarint(value, out);
}

// A string, bytes or message field.
inline void AppendBytes(std::uint32_t field, std::string_view value, std::string* out) {
  AppendVarint(field << 3 | 2, out);
  AppendVarint(value.size(), out);
  out->append(value);
}

// Bytes that AppendVarint would add.
inline std::size_t VarintSize(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// Walks the fields of one message. Unknown fields are stepped over by ignoring them.
class WireReader final {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  // Moves to the next field; false at the end, or when the message is malformed (see ok()).
  bool Next();
  bool ok() const { return ok_; }

  std::uint32_t field() const { return field_; }
  // Value of a varint or fixed field; 0 for others.
  std::uint64_t number() const { return number_; }
  // Value of a string, bytes or message field (a view into the message); empty for others.
  std::string_view bytes() const { return bytes_; }

 private:
  bool TakeVarint(std::uint64_t* value);
  bool TakeFixed(std::size_t size);
  bool TakeValue(std::uint32_t wire_type);

  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t number_ = 0;
  std::uint32_t field_ = 0;
  bool ok_ = true;
};

}  // namespace strata::gateway
