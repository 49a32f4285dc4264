#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plugins/data_fhir/layout/numbers.h"

// Every key that the plugin writes (FORMAT.md). Integers are big-endian, so that key order is
// number order. Stored: never change. Thread-safe.
namespace strata::fhir::layout {

// A resource's number in this store: 1.., dense, 40 bits. Never given to another resource.
using ResourceNumber = std::uint64_t;
inline constexpr std::size_t kResourceNumberBytes = 5;
inline constexpr ResourceNumber kMaxResourceNumber = (ResourceNumber{1} << 40) - 1;

// Number of a version of a resource: 1, 2, ... as in meta.versionId.
using VersionId = std::uint32_t;

// First byte of a key: what kind of row it is.
enum class RowKind : char {
  kMeta = 'M',       // format number, allocator, secrets
  kId = 'I',         // hash of "Type/id" -> numbers
  kCurrent = 'R',    // number -> the current version
  kChunk = 'C',      // further pieces of a large version
  kHistory = 'H',    // versions that are no longer current
  kTimeline = 'T',   // one row per version in the order of commits
  kIndex = 'X',      // search index
  kRequest = 'Q',    // hash of a request_id -> what that change did
  kCondition = 'K',  // hash of a condition -> met by the conditional creates that used it
};

std::string MetaKey(std::string_view name);

std::string RequestKey(std::string_view request_id);
std::string ConditionKey(std::string_view condition);

std::string IdKey(std::uint64_t hash);
std::string IdKey(std::string_view type, std::string_view id);

std::string CurrentKey(ResourceNumber n);
ResourceNumber NumberOfCurrentKey(std::string_view key);

// Whether the current rows of some numbers (sorted, unique) lie so close together that reading on
// from the first to the last costs less than seeking each: what came together mostly does.
bool AreClose(std::span<const ResourceNumber> numbers);

std::string ChunkKey(ResourceNumber n, VersionId version, std::uint32_t chunk);

// Newest version first.
std::string HistoryKey(ResourceNumber n, VersionId version);
VersionId VersionOfHistoryKey(std::string_view key);
std::string HistoryPrefix(ResourceNumber n);

// `stamp` is the version of the commit: 0 in a key that the store stamps at kTimelineStampAt.
struct TimelineKeyParts {
  TypeNumber type = 0;
  std::uint64_t stamp = 0;
  ResourceNumber n = 0;
  VersionId version = 0;
};
inline constexpr std::uint32_t kTimelineStampAt = 2;
std::string TimelineKey(const TimelineKeyParts& parts);
// false: not a timeline key.
[[nodiscard]] bool ParseTimelineKey(std::string_view key, TimelineKeyParts* parts);
std::string TimelinePrefix(TypeNumber type);

// The place of a resource among the keys of a prefix.
std::string WithNumber(std::string prefix, ResourceNumber n);

// type, parameter, value, n: the last resource of the row (index_row.h).
inline constexpr std::size_t kIndexHeadBytes = 4;  // 'X', type, parameter
std::string IndexKey(TypeNumber type, ParameterNumber parameter, std::string_view value,
                     ResourceNumber n);
// All rows of a parameter whose value begins with `value`: [IndexPrefix, PrefixEnd(IndexPrefix)).
std::string IndexPrefix(TypeNumber type, ParameterNumber parameter, std::string_view value = {});

void AppendIndexPrefix(TypeNumber type, ParameterNumber parameter, std::string_view value,
                       std::string* out);
ParameterNumber ParameterOfIndexKey(std::string_view key);  // kIndexHeadBytes at least

struct IndexKeyParts {
  TypeNumber type = 0;
  ParameterNumber parameter = 0;
  std::string_view value;  // within the key
  ResourceNumber n = 0;
};
// false: not an index key.
[[nodiscard]] bool ParseIndexKey(std::string_view key, IndexKeyParts* parts);

}  // namespace strata::fhir::layout
