#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// The packed rows of strata.hosting.v1.ScanResponse.rows: varint key size, key, varint version,
// varint value size, value; one row after another. Varints as protobuf's (little-endian groups of
// seven bits, at most ten bytes).
namespace strata {

// One row; the bytes belong to the buffer it was read from.
struct Row {
  std::string_view key;
  std::uint64_t version = 0;
  std::string_view value;
};

// Appends a varint. Single-threaded, as is all of this header.
inline void AppendVarint(std::string* out, std::uint64_t value) {
  char buffer[10];
  std::size_t size = 0;
  while (value >= 0x80) {
    buffer[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  buffer[size++] = static_cast<char>(value);
  out->append(buffer, size);
}

// Takes a varint from the front of *in; false (and *in unspecified) when there is none.
inline bool TakeVarint(std::string_view* in, std::uint64_t* value) {
  std::uint64_t result = 0;
  for (unsigned i = 0; i < 10 && i < in->size(); ++i) {
    const auto byte = static_cast<unsigned char>((*in)[i]);
    result |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (i == 9 && byte > 1) return false;  // more than 64 bits
      *value = result;
      in->remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

// Takes `varint size, bytes` from the front of *in; false when they are not all there.
inline bool TakeBytes(std::string_view* in, std::string_view* bytes) {
  std::uint64_t size = 0;
  if (!TakeVarint(in, &size) || size > in->size()) return false;
  *bytes = in->substr(0, static_cast<std::size_t>(size));
  in->remove_prefix(static_cast<std::size_t>(size));
  return true;
}

inline void AppendBytes(std::string* out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out->append(bytes);
}

inline void AppendRow(std::string* out, const Row& row) {
  AppendBytes(out, row.key);
  AppendVarint(out, row.version);
  AppendBytes(out, row.value);
}

// Reads packed rows in order:
//   RowReader reader(response.rows());
//   for (strata::Row row; reader.Next(&row);) Use(row);
//   if (!reader.ok()) ...the bytes are not packed rows...
// The rows point into `rows`, which must outlive them. Single-threaded.
class RowReader {
 public:
  explicit RowReader(std::string_view rows) : rest_(rows) {}

  // False at the end and at the first damage.
  bool Next(Row* row) {
    if (rest_.empty() || !ok_) return false;
    ok_ = TakeBytes(&rest_, &row->key) && TakeVarint(&rest_, &row->version) &&
          TakeBytes(&rest_, &row->value);
    return ok_;
  }

  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace strata
