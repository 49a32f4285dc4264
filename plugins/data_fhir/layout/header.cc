#include "plugins/data_fhir/layout/header.h"

#include <array>
#include <optional>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::layout {
namespace {

// Stored: never renumber.
constexpr char kRowFormat = 2;
constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kUuidText = 36;
constexpr std::size_t kMaxIdBytes = 64;  // FHIR R4 datatypes.html#id
// Length byte of an id that is a lower-case UUID, kept as 16 bytes.
constexpr char kPackedUuid = 0;

bool IsDash(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<std::string> PackUuid(std::string_view id) {
  if (id.size() != kUuidText) return std::nullopt;
  std::string packed;
  int high = -1;
  for (std::size_t i = 0; i < kUuidText; ++i) {
    if (IsDash(i)) {
      if (id[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = HexDigit(id[i]);
    if (digit < 0) return std::nullopt;
    if (high < 0) {
      high = digit;
    } else {
      packed.push_back(static_cast<char>(high << 4 | digit));
      high = -1;
    }
  }
  return packed;
}

std::string UnpackUuid(std::string_view packed) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, kUuidText> id{};
  std::size_t at = 0;
  for (const char c : packed) {
    if (IsDash(at)) id[at++] = '-';
    id[at++] = kHex[static_cast<unsigned char>(c) >> 4];
    id[at++] = kHex[static_cast<unsigned char>(c) & 0xf];
  }
  return {id.data(), at};
}

void AppendId(std::string_view id, std::string* out) {
  if (const auto packed = PackUuid(id)) {
    out->push_back(kPackedUuid);
    out->append(*packed);
    return;
  }
  out->push_back(static_cast<char>(id.size()));
  out->append(id);
}

bool TakeId(std::string_view* bytes, std::string* id) {
  if (bytes->empty()) return false;
  const auto length = static_cast<unsigned char>(bytes->front());
  const std::size_t size = length == kPackedUuid ? kUuidBytes : length;
  bytes->remove_prefix(1);
  if (bytes->size() < size || size > kMaxIdBytes) return false;
  *id = length == kPackedUuid ? UnpackUuid(bytes->substr(0, size)) : std::string(*bytes, 0, size);
  bytes->remove_prefix(size);
  return true;
}

template <typename T>
bool TakeNumber(std::string_view* bytes, T* number) {
  std::uint64_t value = 0;
  if (!TakeVarint(bytes, &value)) return false;
  *number = static_cast<T>(value);
  return static_cast<std::uint64_t>(*number) == value;
}

bool IsChange(char c) {
  return c >= static_cast<char>(Change::kCreated) && c <= static_cast<char>(Change::kDeleted);
}

// One more than their size stands in front of the bytes; 0: there are none.
bool TakeKept(std::string_view* bytes, std::optional<std::string>* kept) {
  std::uint64_t size = 0;
  if (!TakeVarint(bytes, &size) || size > bytes->size() + 1) return false;
  kept->reset();
  if (size-- == 0) return true;
  kept->emplace(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return true;
}

bool TakeHeader(std::string_view* bytes, RowHeader* header) {
  constexpr std::size_t kFixed = 4;
  if (bytes->size() < kFixed || (*bytes)[0] != kRowFormat || !IsChange((*bytes)[2])) return false;
  header->type = static_cast<TypeNumber>((*bytes)[1]);
  header->change = static_cast<Change>((*bytes)[2]);
  header->codec = static_cast<Codec>((*bytes)[3]);
  bytes->remove_prefix(kFixed);
  if (!TakeId(bytes, &header->id) || !TakeNumber(bytes, &header->version_id)) return false;
  if (bytes->size() < kTimeBytes) return false;
  header->last_updated_us = static_cast<std::int64_t>(ReadBigEndian(*bytes, kTimeBytes));
  bytes->remove_prefix(kTimeBytes);
  return TakeNumber(bytes, &header->commit_version) && TakeNumber(bytes, &header->body_bytes) &&
         TakeNumber(bytes, &header->chunks) && TakeKept(bytes, &header->kept);
}

}  // namespace

void AppendRowHeader(const RowHeader& header, std::string* out) {
  out->push_back(kRowFormat);
  out->push_back(static_cast<char>(header.type));
  out->push_back(static_cast<char>(header.change));
  out->push_back(static_cast<char>(header.codec));
  AppendId(header.id, out);
  AppendVarint(header.version_id, out);
  AppendBigEndian(static_cast<std::uint64_t>(header.last_updated_us), kTimeBytes, out);
  AppendVarint(header.commit_version, out);
  AppendVarint(header.body_bytes, out);
  AppendVarint(header.chunks, out);
  AppendVarint(header.kept ? header.kept->size() + 1 : 0, out);
  if (header.kept) out->append(*header.kept);
}

Result<Row> ParseRow(std::string_view value) {
  Row row;
  if (!TakeHeader(&value, &row.header)) return DataLoss("a resource row has an unreadable header");
  row.body = value;
  return row;
}

std::string EncodeTimelineValue(const TimelineValue& value) {
  std::string out(1, static_cast<char>(value.change));
  AppendBigEndian(static_cast<std::uint64_t>(value.last_updated_us), kTimeBytes, &out);
  return out;
}

Result<TimelineValue> ParseTimelineValue(std::string_view value) {
  if (value.size() != 1 + kTimeBytes || !IsChange(value[0])) {
    return DataLoss("a timeline row has an unreadable value");
  }
  return TimelineValue{static_cast<std::int64_t>(ReadBigEndian(value.substr(1), kTimeBytes)),
                       static_cast<Change>(value[0])};
}

}  // namespace strata::fhir::layout
