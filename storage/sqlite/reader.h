#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "storage/api/types.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/options.h"

namespace strata::storage::sqlite {

// Where a scan goes on.
struct ScanCursor {
  std::string at;          // forward: the next key; reverse: the key before which the next one is
  bool at_limit = false;   // reverse: `at` bounds, even when it is empty
  std::uint64_t left = 0;  // rows still wanted; 0 is no limit
};

// One part of a commit in the feed.
struct FeedPart {
  std::int64_t id = -1;
  Version version = 0;
  std::int64_t committed_us = 0;
  bool continues = false;
  std::string changes;
};

// A connection that reads: one view at a time. Single-threaded (but may move between threads).
class Reader {
 public:
  static Result<Reader> Open(const std::string& path, const char* vfs, std::size_t cache_bytes);

  // Reads the schema, and prepares what most calls ask for. Not inside of a view.
  Status Warm();

  // Begins a view of the latest commit, ending the one before.
  // `renewals` is kept for the pool.
  Status BeginView(std::uint64_t renewals = 0);
  void EndView();
  std::size_t cache_bytes() const { return cache_bytes_; }
  bool in_view() const { return in_view_; }
  Version view_version() const { return view_version_; }
  std::uint64_t renewals() const { return renewals_; }

  // Version 0 when absent.
  Status Get(std::string_view key, bool omit_value, std::size_t index, const EntryVisitor& visit);

  static ScanCursor StartScan(const ScanOptions& options);
  // Fills a chunk; false when the scan has come to its end.
  Result<bool> FillChunk(const ScanOptions& options, ScanCursor* cursor, ScanChunk* chunk);

  // The oldest version after which the feed can be read.
  Result<Version> OldestFeedVersion();
  // The first part with a greater id, of a commit with a greater version (the parts of one commit
  // have ids from its version on). The id stays -1 at the end.
  Result<FeedPart> NextFeedPart(std::int64_t after_id, Version after);

 private:
  enum Query {
    kBegin,
    kEnd,
    kGet,
    kGetVersion,
    kLastVersion,
    kOldestVersion,
    kNextPart,
    kRunGet,
    kRunGetVersion,
    kScan
  };
  static constexpr std::size_t kScans = 16;

  Reader(Connection connection, std::size_t cache_bytes)
      : connection_(std::move(connection)), cache_bytes_(cache_bytes) {}
  Result<Statement*> Prepared(int query, const char* sql);
  Result<Statement*> PreparedGet(bool omit_value);
  Result<Statement*> PreparedScan(bool reverse, bool keys_only, bool has_end);
  // Whether the key is in the run; visits then.
  Result<bool> GetInRun(std::string_view key, bool omit_value, std::size_t index,
                        const EntryVisitor& visit);

  Connection connection_;
  std::size_t cache_bytes_;
  std::array<Statement, kScan + kScans> statements_;  // destroyed before the connection
  bool in_view_ = false;
  Version view_version_ = 0;
  Version run_ = 0;  // the commit whose rows are in the table run (FORMAT.md)
  std::uint64_t renewals_ = 0;
};

}  // namespace strata::storage::sqlite
