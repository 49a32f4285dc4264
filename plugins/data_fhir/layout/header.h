#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/keys.h"

namespace strata::fhir::layout {

// How a version came about; the numbers of strata.data.v1.Change. Stored: never renumber.
enum class Change : std::uint8_t { kCreated = 1, kUpdated = 2, kDeleted = 3 };

// How a body is packed. 1.. are zstd with the dictionary of that number (dictionaries/). Stored:
// never renumber.
enum class Codec : std::uint8_t { kPlain = 0, kZstdDictionary1 = 1 };

// What stands in front of the body in a current (R) or history (H) row. A deletion has no body.
struct RowHeader {
  TypeNumber type = 0;
  Change change = Change::kCreated;
  Codec codec = Codec::kPlain;
  VersionId version_id = 0;
  std::int64_t last_updated_us = 0;  // microseconds since 1970 UTC
  // Version of the commit that made this version; 0 in R rows, where it is the row's own version.
  std::uint64_t commit_version = 0;
  std::uint32_t body_bytes = 0;  // unpacked
  std::uint32_t chunks = 0;      // further pieces, under ChunkKey 1..chunks
  std::string id;
  // Index values that stand here as well (index/kept_values.h), so that sorting by them and asking
  // for them needs no body. Nothing: it is not known which the resource has.
  std::optional<std::string> kept;
};

// A header and the packed body behind it (or its first piece), borrowed from the row.
struct Row {
  RowHeader header;
  std::string_view body;
};

void AppendRowHeader(const RowHeader& header, std::string* out);

// `value` of an R or H row. DATA_LOSS: the bytes are no row that this release can read.
Result<Row> ParseRow(std::string_view value);

// Value of a timeline (T) row.
struct TimelineValue {
  std::int64_t last_updated_us = 0;
  Change change = Change::kCreated;
};
std::string EncodeTimelineValue(const TimelineValue& value);
Result<TimelineValue> ParseTimelineValue(std::string_view value);

}  // namespace strata::fhir::layout
