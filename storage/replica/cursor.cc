#include "storage/replica/cursor.h"

#include "core/base/rows.h"

namespace strata::storage::replica {
namespace {

constexpr std::string_view kMagic = "STRATAR1";

}  // namespace

std::string Encode(const Cursor& cursor) {
  std::string bytes(kMagic);
  AppendBytes(&bytes, cursor.source_id);
  AppendVarint(&bytes, static_cast<std::uint64_t>(cursor.phase));
  AppendBytes(&bytes, cursor.at);
  AppendVarint(&bytes, cursor.tail);
  AppendVarint(&bytes, cursor.rows);
  AppendVarint(&bytes, cursor.bytes);
  AppendBytes(&bytes, cursor.other);
  return bytes;
}

Result<Cursor> DecodeCursor(std::string_view bytes) {
  Cursor cursor;
  std::string_view id;
  std::string_view at;
  std::string_view other;
  std::uint64_t phase = 0;
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return InvalidArgument("the store holds the cursor of another program");
  }
  bytes.remove_prefix(kMagic.size());
  if (!TakeBytes(&bytes, &id) || !TakeVarint(&bytes, &phase) || !TakeBytes(&bytes, &at) ||
      !TakeVarint(&bytes, &cursor.tail) || !TakeVarint(&bytes, &cursor.rows) ||
      !TakeVarint(&bytes, &cursor.bytes) || !TakeBytes(&bytes, &other) || phase < 1 || phase > 2) {
    return InvalidArgument("the cursor of a copy cannot be read");
  }
  cursor.source_id = id;
  cursor.at = at;
  cursor.other = other;
  cursor.phase = static_cast<Cursor::Phase>(phase);
  return cursor;
}

}  // namespace strata::storage::replica
