#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "plugins/data_fhir/layout/keys.h"

// What an index row holds: the resources that have (or had) its value, and when.
//
// A row stands for one resource or for a *run*: resources that one commit wrote together. Its key
// ends with the last of them, so that the first row at or behind (value, n) is the only one that
// can hold n: the spans [first, last] of one value's rows never overlap. That is kept by two rules:
// a commit joins only numbers that it took from the allocator without a gap, and whoever begins a
// life of n in a value adds it to the row whose span n lies in, if there is one.
//
// The value of a row for one resource is its lifetime (lifetime.h). That of a run:
//   00, varint base, varint last - first, members
// base 0: never changed; all members live since the row's own version. Members are the varints of
//   the distance of each from the one before it; the first is not written.
// base > 0: the members that were not touched live since the commit `base`. Members are varints
//   distance << 2 | state, the first one's distance is that from `first`; state 0 untouched, else
//   followed by a varint count and as many varints: the commits at which its lives began and ended,
//   in turn. State 2: and the row's own version is one more, the last.
// Rows with an empty value stand for one resource each, but for those of `_id`: an empty value does
// not end itself, so rows of other values may stand between its own.
// Stored: never change. Thread-safe.
namespace strata::fhir::layout {

// Most members of a run: what a change of one of them has to write again.
inline constexpr std::size_t kMaxRunMembers = 256;

// Appends the row's resources that lived at `at`, in order of number. `last`: the number in the
// row's key. false: the value cannot be read; what was appended before stays.
[[nodiscard]] bool AppendAlive(ResourceNumber last, std::uint64_t row_version,
                               std::string_view value, std::uint64_t at,
                               std::vector<ResourceNumber>* out);

// Adds how many resources AppendAlive would append. Cheaper than that.
[[nodiscard]] bool CountAlive(ResourceNumber last, std::uint64_t row_version,
                              std::string_view value, std::uint64_t at, std::uint64_t* count);

// The first number of the row's span; `last` when the value cannot be read.
ResourceNumber FirstOf(ResourceNumber last, std::string_view value);

// The value of a new row for some resources, in order, not more than kMaxRunMembers; the row's key
// ends with the last.
std::string EncodeMembers(std::span<const ResourceNumber> numbers);

// A life of `n` in the row's value begins or ends with the commit that writes the row.
struct MemberChange {
  ResourceNumber n = 0;
  bool begins = false;
};

// What to write in place of a row whose span holds the numbers of all changes; nullopt when each is
// already so. DATA_LOSS: the value cannot be read.
Result<std::optional<std::string>> ChangeMembers(ResourceNumber last, std::uint64_t row_version,
                                                 std::string_view value,
                                                 std::span<const MemberChange> changes);

// What is left of a row once nobody asks for moments before `floor`.
struct SweptRow {
  bool erase = false;  // None of its resources lived at `floor` or lives later.
  // What to write in its place: without those that did not. Nothing when it may stay as it is,
  // which is also so while most of its resources live.
  std::optional<std::string> value;
};
// DATA_LOSS: the value cannot be read.
Result<SweptRow> SweepRow(ResourceNumber last, std::uint64_t row_version, std::string_view value,
                          std::uint64_t floor);

}  // namespace strata::fhir::layout
