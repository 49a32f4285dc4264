#include "plugins/data_fhir/layout/keys.h"

#include "plugins/data_fhir/layout/bytes.h"
#include "plugins/data_fhir/layout/hash.h"

namespace strata::fhir::layout {
namespace {

constexpr std::size_t kVersionBytes = 4;
constexpr std::size_t kStampBytes = 8;
constexpr std::size_t kTimelineBytes =
    kTimelineStampAt + kStampBytes + kResourceNumberBytes + kVersionBytes;

std::string Begin(RowKind kind) { return {static_cast<char>(kind)}; }

std::string NumberedKey(RowKind kind, ResourceNumber n) {
  std::string key = Begin(kind);
  AppendBigEndian(n, kResourceNumberBytes, &key);
  return key;
}

std::string HashedKey(RowKind kind, std::string_view text) {
  const auto hash = Hash128(text);
  return Begin(kind).append(hash.data(), hash.size());
}

bool IsKind(std::string_view key, RowKind kind) {
  return !key.empty() && key.front() == static_cast<char>(kind);
}

}  // namespace

std::string MetaKey(std::string_view name) { return Begin(RowKind::kMeta).append(name); }

std::string RequestKey(std::string_view request_id) {
  return HashedKey(RowKind::kRequest, request_id);
}

std::string ConditionKey(std::string_view condition) {
  return HashedKey(RowKind::kCondition, condition);
}

std::string IdKey(std::uint64_t hash) {
  std::string key = Begin(RowKind::kId);
  AppendBigEndian(hash, sizeof(hash), &key);
  return key;
}

std::string IdKey(std::string_view type, std::string_view id) {
  return IdKey(HashOfReference(type, id));
}

std::string CurrentKey(ResourceNumber n) { return NumberedKey(RowKind::kCurrent, n); }

ResourceNumber NumberOfCurrentKey(std::string_view key) {
  return ReadBigEndian(key.substr(1), kResourceNumberBytes);
}

bool AreClose(std::span<const ResourceNumber> numbers) {
  constexpr std::size_t kLeast = 8;
  constexpr std::size_t kMostPerNumber = 2;
  return numbers.size() >= kLeast && numbers.back() >= numbers.front() &&
         numbers.back() - numbers.front() < kMostPerNumber * numbers.size();
}

std::string ChunkKey(ResourceNumber n, VersionId version, std::uint32_t chunk) {
  std::string key = NumberedKey(RowKind::kChunk, n);
  AppendBigEndian(version, kVersionBytes, &key);
  AppendBigEndian(chunk, sizeof(chunk), &key);
  return key;
}

std::string HistoryPrefix(ResourceNumber n) { return NumberedKey(RowKind::kHistory, n); }

std::string HistoryKey(ResourceNumber n, VersionId version) {
  std::string key = HistoryPrefix(n);
  AppendBigEndian(~version, kVersionBytes, &key);
  return key;
}

VersionId VersionOfHistoryKey(std::string_view key) {
  return ~static_cast<VersionId>(
      ReadBigEndian(key.substr(1 + kResourceNumberBytes), kVersionBytes));
}

std::string TimelinePrefix(TypeNumber type) {
  std::string key = Begin(RowKind::kTimeline);
  AppendBigEndian(type, 1, &key);
  return key;
}

std::string TimelineKey(const TimelineKeyParts& parts) {
  std::string key = TimelinePrefix(parts.type);
  AppendBigEndian(parts.stamp, kStampBytes, &key);
  AppendBigEndian(parts.n, kResourceNumberBytes, &key);
  AppendBigEndian(parts.version, kVersionBytes, &key);
  return key;
}

bool ParseTimelineKey(std::string_view key, TimelineKeyParts* parts) {
  if (!IsKind(key, RowKind::kTimeline) || key.size() != kTimelineBytes) return false;
  parts->type = static_cast<TypeNumber>(key[1]);
  key.remove_prefix(kTimelineStampAt);
  parts->stamp = ReadBigEndian(key, kStampBytes);
  key.remove_prefix(kStampBytes);
  parts->n = ReadBigEndian(key, kResourceNumberBytes);
  key.remove_prefix(kResourceNumberBytes);
  parts->version = static_cast<VersionId>(ReadBigEndian(key, kVersionBytes));
  return true;
}

std::string IndexPrefix(TypeNumber type, ParameterNumber parameter, std::string_view value) {
  std::string key;
  key.reserve(kIndexHeadBytes + value.size() + kResourceNumberBytes);
  AppendIndexPrefix(type, parameter, value, &key);
  return key;
}

void AppendIndexPrefix(TypeNumber type, ParameterNumber parameter, std::string_view value,
                       std::string* out) {
  out->push_back(static_cast<char>(RowKind::kIndex));
  AppendBigEndian(type, 1, out);
  AppendBigEndian(parameter, 2, out);
  out->append(value);
}

ParameterNumber ParameterOfIndexKey(std::string_view key) {
  return static_cast<ParameterNumber>(ReadBigEndian(key.substr(2), 2));
}

std::string WithNumber(std::string prefix, ResourceNumber n) {
  AppendBigEndian(n, kResourceNumberBytes, &prefix);
  return prefix;
}

std::string IndexKey(TypeNumber type, ParameterNumber parameter, std::string_view value,
                     ResourceNumber n) {
  std::string key;
  key.reserve(kIndexHeadBytes + value.size() + kResourceNumberBytes);
  AppendIndexPrefix(type, parameter, value, &key);
  AppendBigEndian(n, kResourceNumberBytes, &key);
  return key;
}

bool ParseIndexKey(std::string_view key, IndexKeyParts* parts) {
  if (!IsKind(key, RowKind::kIndex) || key.size() < kIndexHeadBytes + kResourceNumberBytes) {
    return false;
  }
  parts->type = static_cast<TypeNumber>(key[1]);
  parts->parameter = ParameterOfIndexKey(key);
  const std::size_t value_end = key.size() - kResourceNumberBytes;
  parts->value = key.substr(kIndexHeadBytes, value_end - kIndexHeadBytes);
  parts->n = ReadBigEndian(key.substr(value_end), kResourceNumberBytes);
  return true;
}

}  // namespace strata::fhir::layout
