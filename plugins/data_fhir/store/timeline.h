#pragma once

#include <strata/context.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/header.h"
#include "plugins/data_fhir/store/hosting.h"

namespace strata::fhir::store {

// One version of a resource in the order of commits.
struct TimelineItem {
  layout::TimelineKeyParts key;
  layout::TimelineValue value;
};

// A place in the timeline. Items of one commit are ordered by type, number and version.
// Thread-compatible.
struct TimelinePosition {
  std::uint64_t stamp = 0;
  layout::TypeNumber type = 0;
  layout::ResourceNumber n = 0;
  layout::VersionId version = 0;

  // Before everything that a commit wrote, and behind it.
  static TimelinePosition Before(std::uint64_t stamp) { return {stamp, 0, 0, 0}; }
  static TimelinePosition Behind(std::uint64_t stamp) { return {stamp + 1, 0, 0, 0}; }

  auto operator<=>(const TimelinePosition&) const = default;

  std::string Encode() const;
  static std::optional<TimelinePosition> Decode(std::string_view bytes);
};
TimelinePosition PositionOf(const layout::TimelineKeyParts& key);

// Walks the versions of some types in the order of commits: the T rows of each type, merged. Reads
// each type in blocks that grow, so a page costs one small scan a type. Single-threaded; blocks.
class Timeline final {
 public:
  // Forwards: items in [from, to). Backwards: the same items, from the last one down.
  struct Range {
    TimelinePosition from;
    TimelinePosition to;
    bool reverse = false;
  };
  Timeline(const Hosting& hosting, const Context& cx, std::vector<layout::TypeNumber> types,
           const Range& range);

  // Nothing at the end.
  Result<std::optional<TimelineItem>> Next();

 private:
  struct Stream {
    layout::TypeNumber type = 0;
    std::string begin;  // of what is left to be read
    std::string end;
    std::uint64_t block = 8;
    bool done = false;
    std::deque<TimelineItem> items;
  };
  Status Fill(Stream* stream);

  const Hosting& hosting_;
  const Context& cx_;
  const bool reverse_;
  std::vector<Stream> streams_;
};

// The types of which the store has, or had, resources.
Result<std::vector<layout::TypeNumber>> TypesInStore(const Hosting& hosting, const Context& cx);

}  // namespace strata::fhir::store
