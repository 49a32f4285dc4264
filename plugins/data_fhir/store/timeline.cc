#include "plugins/data_fhir/store/timeline.h"

#include <algorithm>
#include <utility>

#include "plugins/data_fhir/layout/bytes.h"

namespace strata::fhir::store {
namespace {

using layout::TimelineKeyParts;
using layout::TypeNumber;

constexpr std::uint64_t kLargestBlock = 512;
constexpr std::size_t kStampBytes = 8;
constexpr std::size_t kVersionBytes = 4;
constexpr std::size_t kPositionBytes =
    kStampBytes + 1 + layout::kResourceNumberBytes + kVersionBytes;

// The first key of `type` that is not before the position.
std::string KeyAt(TypeNumber type, const TimelinePosition& position) {
  if (type < position.type) return layout::TimelineKey({type, position.stamp + 1, 0, 0});
  if (type > position.type) return layout::TimelineKey({type, position.stamp, 0, 0});
  return layout::TimelineKey({type, position.stamp, position.n, position.version});
}

}  // namespace

std::string TimelinePosition::Encode() const {
  std::string out;
  layout::AppendBigEndian(stamp, kStampBytes, &out);
  layout::AppendBigEndian(type, 1, &out);
  layout::AppendBigEndian(n, layout::kResourceNumberBytes, &out);
  layout::AppendBigEndian(version, kVersionBytes, &out);
  return out;
}

std::optional<TimelinePosition> TimelinePosition::Decode(std::string_view bytes) {
  if (bytes.size() != kPositionBytes) return std::nullopt;
  TimelinePosition position;
  position.stamp = layout::ReadBigEndian(bytes, kStampBytes);
  bytes.remove_prefix(kStampBytes);
  position.type = static_cast<TypeNumber>(bytes.front());
  bytes.remove_prefix(1);
  position.n = layout::ReadBigEndian(bytes, layout::kResourceNumberBytes);
  bytes.remove_prefix(layout::kResourceNumberBytes);
  position.version = static_cast<layout::VersionId>(layout::ReadBigEndian(bytes, kVersionBytes));
  return position;
}

TimelinePosition PositionOf(const TimelineKeyParts& key) {
  return {key.stamp, key.type, key.n, key.version};
}

Timeline::Timeline(const Hosting& hosting, const Context& cx, std::vector<TypeNumber> types,
                   const Range& range)
    : hosting_(hosting), cx_(cx), reverse_(range.reverse) {
  for (const TypeNumber type : types) {
    Stream stream;
    stream.type = type;
    stream.begin = KeyAt(type, range.from);
    stream.end = KeyAt(type, range.to);
    streams_.push_back(std::move(stream));
  }
}

Status Timeline::Fill(Stream* stream) {
  if (!stream->items.empty() || stream->done) return {};
  Status broken;
  std::string last;
  const Status scanned = hosting_.Scan(
      cx_, {stream->begin, stream->end, reverse_, false, stream->block},
      [&](std::string_view key, std::uint64_t, std::string_view value) {
        TimelineItem item;
        const Result<layout::TimelineValue> parsed = layout::ParseTimelineValue(value);
        if (!layout::ParseTimelineKey(key, &item.key) || !parsed.ok()) {
          broken = DataLoss("a timeline row cannot be read");
          return false;
        }
        item.value = *parsed;
        stream->items.push_back(item);
        last = key;
        return true;
      });
  STRATA_RETURN_IF_ERROR(scanned);
  STRATA_RETURN_IF_ERROR(broken);
  stream->done = stream->items.size() < stream->block;
  stream->block = std::min(stream->block * 4, kLargestBlock);
  if (reverse_) {
    stream->end = last;
  } else {
    stream->begin = last.append(1, '\0');
  }
  return {};
}

Result<std::optional<TimelineItem>> Timeline::Next() {
  Stream* first = nullptr;
  for (Stream& stream : streams_) {
    STRATA_RETURN_IF_ERROR(Fill(&stream));
    if (stream.items.empty()) continue;
    if (first == nullptr) {
      first = &stream;
      continue;
    }
    const bool is_before =
        PositionOf(stream.items.front().key) < PositionOf(first->items.front().key);
    if (is_before != reverse_) first = &stream;
  }
  std::optional<TimelineItem> next;
  if (first == nullptr) return next;
  next = first->items.front();
  first->items.pop_front();
  return next;
}

Result<std::vector<TypeNumber>> TypesInStore(const Hosting& hosting, const Context& cx) {
  std::vector<TypeNumber> types;
  std::string begin = layout::TimelinePrefix(0);
  const std::string end(1, static_cast<char>(layout::RowKind::kTimeline) + 1);
  while (begin < end) {
    TimelineKeyParts key;
    bool found = false;
    STRATA_RETURN_IF_ERROR(
        hosting.Scan(cx, {begin, end, false, true, 1},
                     [&](std::string_view row_key, std::uint64_t, std::string_view) {
                       found = layout::ParseTimelineKey(row_key, &key);
                       return false;
                     }));
    if (!found) break;
    types.push_back(key.type);
    begin = layout::PrefixEnd(layout::TimelinePrefix(key.type));
  }
  return types;
}

}  // namespace strata::fhir::store
