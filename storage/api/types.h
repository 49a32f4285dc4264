#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

// What an engine reads and writes. Bytes in string_views are borrowed for the length of the call.
namespace strata::storage {

// Number of the commit that wrote something; grows with each commit, never reused, 0 = never.
using Version = std::uint64_t;

// [begin, end) in the order of unsigned bytes; an empty end means to the last key.
struct KeyRange {
  std::string_view begin;
  std::string_view end;
};

struct Precondition {
  // kKeyAbsent: no such key. kKeyAtVersion: last written by exactly `version`. kRangeEmpty: no key
  // in [key, range_end). kKeyPresent: the key exists.
  enum class Kind { kKeyAbsent, kKeyAtVersion, kRangeEmpty, kKeyPresent };
  Kind kind = Kind::kKeyAbsent;
  std::string_view key;
  std::string_view range_end;
  Version version = 0;
};

// Stored in commit feeds: never renumber.
enum class MutationKind : std::uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3 };

struct Mutation {
  MutationKind kind = MutationKind::kPut;
  std::string_view key;  // or the begin of the range
  std::string_view value;
  std::string_view range_end;
  // Where the 8 bytes of the commit's version (big-endian) replace bytes of the key or value.
  std::optional<std::uint32_t> stamp_key_at;
  std::optional<std::uint32_t> stamp_value_at;
  // Only in an IngestRequest: the version of the row that is put; rows that are deleted are not of
  // a later version. 0: the version of the commit.
  Version version = 0;
};

// Deletes rows of any version.
inline constexpr Version kAnyVersion = ~Version{0};

// Mutations that do not fit into memory, e.g. a MutationSpool.
class MutationSource {
 public:
  virtual ~MutationSource() = default;
  // Visits all of them in order and stops at the first error, which it returns. The bytes of a
  // mutation are valid during its visit. Can be called again: it starts anew.
  virtual Status Visit(const std::function<Status(const Mutation&)>& visit) = 0;
  // Sum of the keys and values.
  virtual std::uint64_t SizeBytes() const = 0;
};

struct CommitRequest {
  std::vector<Precondition> preconditions;
  // Applied in order: a later mutation of the same key wins.
  std::vector<Mutation> mutations;
  // Applied after `mutations`; may be null.
  MutationSource* more = nullptr;
  // Unique per intended change; empty for none. Remembered at least 24 hours.
  std::string_view request_id;
};

struct CommitResult {
  Version version = 0;
  // The request_id was known: nothing was changed, this repeats the first answer.
  bool replayed = false;
};

// Why a commit was ABORTED.
struct Conflict {
  std::uint32_t precondition = 0;  // index into CommitRequest::preconditions
  Version actual_version = 0;      // 0: the key is absent, or the precondition is on a range
};

// A commit of another store.
struct IngestCommit {
  Version version = 0;
  std::int64_t committed_us = 0;
  MutationSource* changes = nullptr;
};

// What is taken over from another store, in this order; never replaces a row of a later version.
struct IngestRequest {
  // Puts and deletions with versions of their own that the feed does not show; may be null.
  MutationSource* rows = nullptr;
  std::vector<IngestCommit> commits;
  // Becomes the last version, unless that is greater.
  Version up_to = 0;
  // The feed begins anew at the last version and shows none of the commits, which may be of any
  // version. Else they must be later than all that is there, and there are no rows.
  bool restart_feed = false;
  // Kept with what is written.
  std::optional<std::string_view> cursor;
};

// New bytes for the value of a row that still has this version, and this value if one is given.
struct Replacement {
  std::string_view key;
  Version version = 0;
  std::optional<std::string_view> expected;
  std::string_view value;
};

struct ReadOptions {
  std::string_view snapshot;  // token from OpenSnapshot; empty reads the latest commit
  bool omit_values = false;
};

// Called once per requested key, in order; version 0 when the key is absent.
using EntryVisitor =
    std::function<void(std::size_t index, Version version, std::string_view value)>;

struct ScanOptions {
  KeyRange range;
  bool reverse = false;
  bool keys_only = false;
  std::uint64_t limit = 0;  // 0 is no limit
  std::string_view snapshot;
};

// Some rows, packed as core/base/rows.h says (values are empty under keys_only).
struct ScanChunk {
  std::string rows;
  std::uint32_t row_count = 0;
  Version view_version = 0;
};

// May move the rows out. Anything but OK ends the scan, which then returns that status.
using ChunkVisitor = std::function<Status(ScanChunk& chunk)>;

struct Snapshot {
  std::string token;
  Version view_version = 0;
  std::chrono::microseconds lease{0};
};

struct Change {
  MutationKind kind = MutationKind::kPut;
  std::string_view key;
  std::string_view range_end;
};

struct CommitEvent {
  Version version = 0;
  std::int64_t committed_us = 0;
  std::vector<Change> changes;
  // The next event holds more changes of the same commit.
  bool continues = false;
};

struct FeedOptions {
  Version after = 0;  // 0 starts at the oldest that is kept
  std::optional<KeyRange> range;
  // Stops after about this many bytes of keys (whole commits unless one is larger).
  std::size_t max_bytes = 256 * 1024;
};

// Anything but OK ends the reading, which then returns that status.
using FeedVisitor = std::function<Status(const CommitEvent& event)>;

struct FeedPosition {
  // Everything up to here has been visited: resume with after = this.
  Version up_to = 0;
  // Nothing newer was there.
  bool at_end = false;
};

// Stored in DescribeResponse: the numbers of strata.hosting.v1.Durability.
enum class Durability { kFull = 1, kProcess = 2, kNone = 3 };

struct Limits {
  // Somewhat more than the contract asks for, so that a plugin that adds some bytes to each key and
  // value (encryption) can still offer what it asks for.
  std::uint64_t max_key_bytes = 1024 + 64;
  std::uint64_t max_value_bytes = 1088 * 1024;
  std::uint64_t max_commit_bytes = 320 * 1024 * 1024;
  std::size_t max_get_keys = 10'000;
  std::uint64_t max_get_bytes = 16 * 1088 * 1024;  // of values, in one answer; kept by the service
  std::size_t max_preconditions = 100'000;
  std::size_t max_request_id_bytes = 128;
  std::size_t max_cursor_bytes = 4096;
  std::chrono::microseconds max_snapshot_lease = std::chrono::minutes(10);
  std::chrono::microseconds default_snapshot_lease = std::chrono::minutes(1);
  std::uint32_t max_open_snapshots = 256;
};

struct Description {
  std::string engine;
  std::string engine_version;
  std::string store_id;
  Durability durability = Durability::kNone;
  Version last_version = 0;
  Version oldest_watch_version = 0;
  std::int64_t key_count_estimate = -1;
  std::int64_t size_bytes = -1;
  std::uint32_t stored_format = 0;
  std::string ingest_cursor;
};

// Counted since the engine was opened.
struct Stats {
  std::uint64_t gets = 0;
  std::uint64_t scans = 0;
  std::uint64_t commits = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t commit_groups = 0;  // durable writes that commits shared
  std::uint64_t syncs = 0;          // fsyncs of the log of commits
  std::uint64_t checkpoints = 0;
  std::uint64_t expired_views = 0;  // snapshots and scans ended because they held the log too long
};

struct RestoreResult {
  std::int64_t rows = 0;
  Version last_version = 0;
};

// Takes the next bytes of a backup; anything but OK ends it.
using ByteSink = std::function<Status(std::string_view bytes)>;
// Gives the next bytes of a backup; empty at the end. The bytes live until the next call.
using ByteSource = std::function<Result<std::string_view>()>;

}  // namespace strata::storage
