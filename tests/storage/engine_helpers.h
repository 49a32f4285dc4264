#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/rows.h"
#include "storage/api/crc32c.h"
#include "storage/api/engine.h"

// Short forms of what tests ask an engine, and a folder that cleans up after itself.
namespace strata::storage::testing {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "strata-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Mutation Put(std::string_view key, std::string_view value) {
  Mutation mutation;
  mutation.key = key;
  mutation.value = value;
  return mutation;
}

inline Mutation Delete(std::string_view key) {
  Mutation mutation;
  mutation.kind = MutationKind::kDelete;
  mutation.key = key;
  return mutation;
}

inline Mutation DeleteRange(std::string_view begin, std::string_view end) {
  Mutation mutation;
  mutation.kind = MutationKind::kDeleteRange;
  mutation.key = begin;
  mutation.range_end = end;
  return mutation;
}

inline Result<CommitResult> Commit(Engine& engine, std::vector<Mutation> mutations,
                                   std::string_view request_id = {}) {
  CommitRequest request;
  request.mutations = std::move(mutations);
  request.request_id = request_id;
  return engine.Commit(request);
}

// The version of a commit that must succeed.
inline Version MustCommit(Engine& engine, std::vector<Mutation> mutations,
                          std::string_view request_id = {}) {
  const Result<CommitResult> result = Commit(engine, std::move(mutations), request_id);
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? result->version : 0;
}

struct Found {
  Version version = 0;
  std::string value;
  bool operator==(const Found&) const = default;
};

inline Result<Found> Get(Engine& engine, std::string_view key, std::string_view snapshot = {}) {
  Found found;
  const auto keep = [&](std::size_t, Version version, std::string_view value) {
    found = {version, std::string(value)};
  };
  ReadOptions options;
  options.snapshot = snapshot;
  const Result<Version> view = engine.Get(std::span(&key, 1), options, keep);
  if (!view.ok()) return view.status();
  return found;
}

// "<absent>" stands for a key that is not there, "!CODE: ..." for an error.
inline std::string ValueOf(Engine& engine, std::string_view key, std::string_view snapshot = {}) {
  Result<Found> found = Get(engine, key, snapshot);
  if (!found.ok()) return "!" + found.status().ToString();
  return found->version == 0 ? "<absent>" : found->value;
}

struct ScannedRow {
  std::string key;
  Version version = 0;
  std::string value;
};

struct Scanned {
  Status status;
  std::vector<ScannedRow> rows;
  std::size_t chunks = 0;

  // "a=1 b=2"
  std::string ToString() const {
    std::string text = status.ok() ? "" : "!" + status.ToString();
    for (const ScannedRow& row : rows) {
      text += (text.empty() ? "" : " ") + row.key + "=" + row.value;
    }
    return text;
  }
};

inline Scanned Scan(Engine& engine, const ScanOptions& options = {}) {
  Scanned scanned;
  scanned.status = engine.Scan(options, [&](ScanChunk& chunk) -> Status {
    ++scanned.chunks;
    std::uint32_t count = 0;
    RowReader reader(chunk.rows);
    for (Row row; reader.Next(&row); ++count) {
      scanned.rows.push_back({std::string(row.key), row.version, std::string(row.value)});
    }
    if (!reader.ok() || count != chunk.row_count) return Internal("a chunk is not packed rows");
    return OkStatus();
  });
  return scanned;
}

inline Scanned ScanRange(Engine& engine, std::string_view begin, std::string_view end) {
  ScanOptions options;
  options.range = {begin, end};
  return Scan(engine, options);
}

// Of every key, version and value.
inline std::uint32_t Digest(Engine& engine) {
  std::uint32_t crc = 0;
  EXPECT_TRUE(engine
                  .Scan(ScanOptions(),
                        [&crc](ScanChunk& chunk) {
                          crc = Crc32c(chunk.rows, crc);
                          return OkStatus();
                        })
                  .ok());
  return crc;
}

struct SeenCommit {
  Version version = 0;
  std::vector<std::string> keys;
};

struct Feed {
  Status status;
  FeedPosition position;
  std::vector<SeenCommit> commits;
};

inline Feed ReadFeed(Engine& engine, const FeedOptions& options) {
  Feed feed;
  Result<FeedPosition> position = engine.ReadFeed(options, [&](const CommitEvent& event) {
    if (feed.commits.empty() || feed.commits.back().version != event.version) {
      feed.commits.push_back({event.version, {}});
    }
    for (const Change& change : event.changes) {
      feed.commits.back().keys.emplace_back(change.key);
    }
    return OkStatus();
  });
  feed.status = position.status();
  if (position.ok()) feed.position = *position;
  return feed;
}

// All that is there after a version.
inline Feed ReadFeedAfter(Engine& engine, Version after) {
  Feed all;
  all.position.up_to = after;
  while (all.status.ok() && !all.position.at_end) {
    FeedOptions options;
    options.after = all.position.up_to;
    Feed next = ReadFeed(engine, options);
    all.status = next.status;
    all.position = next.position;
    for (SeenCommit& commit : next.commits) all.commits.push_back(std::move(commit));
  }
  return all;
}

inline Result<std::string> BackupOf(Engine& engine) {
  std::string bytes;
  const Status status = engine.Backup([&bytes](std::string_view more) {
    bytes.append(more);
    return OkStatus();
  });
  if (!status.ok()) return status;
  return bytes;
}

inline Result<RestoreResult> RestoreFrom(Engine& engine, std::string_view bytes,
                                         std::size_t piece = 1000) {
  return engine.Restore([&bytes, piece]() -> Result<std::string_view> {
    const std::string_view next = bytes.substr(0, piece);
    bytes.remove_prefix(next.size());
    return next;
  });
}

}  // namespace strata::storage::testing
