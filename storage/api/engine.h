#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "storage/api/types.h"

namespace strata::storage {

struct BackupHeader;

// An ordered, transactional key-value store: what the hosting contract promises, without RPC. Each
// engine is one final class in a folder of its own; the public calls validate and count, the
// engine does the rest in Do... Thread-safe.
//
// Codes of all calls: UNAVAILABLE the device failed or the engine is closed (a commit may or may
// not have happened: ask again under the same request_id); DATA_LOSS stored bytes are damaged,
// nothing of them is served; RESOURCE_EXHAUSTED no space, or too many views are open.
class Engine {
 public:
  virtual ~Engine() = default;

  const Limits& limits() const { return limits_; }
  Description Describe() const { return DoDescribe(); }
  Stats GetStats() const;

  // Reads keys from one consistent view and answers its version. INVALID_ARGUMENT: too many keys;
  // NOT_FOUND: the snapshot has ended.
  Result<Version> Get(std::span<const std::string_view> keys, const ReadOptions& options,
                      const EntryVisitor& visit);

  // Reads a range in chunks of about 64 KiB, all from one view; an empty result is one empty chunk.
  // No lock is held during a visit. NOT_FOUND: the snapshot has ended; UNAVAILABLE: the view of a
  // scan that stood still was given up, scan again from where it stopped.
  Status Scan(const ScanOptions& options, const ChunkVisitor& visit);

  // Opens a view that stays the same until it is closed or not used for the length of its lease
  // (0: the default; longer ones than the limit are shortened). RESOURCE_EXHAUSTED: too many.
  Result<Snapshot> OpenSnapshot(std::chrono::microseconds lease);

  // Ends a view; not being there is no error.
  Status CloseSnapshot(std::string_view token);

  // Applies all or nothing; blocks until it is durable. ABORTED: a precondition does not hold
  // (*conflict says which, when given); INVALID_ARGUMENT: a limit or a stamp is wrong.
  Result<CommitResult> Commit(const CommitRequest& request, Conflict* conflict = nullptr);

  // Reads the commits after a version in order; does not wait. OUT_OF_RANGE: that far back is no
  // longer kept, or lies in the future.
  Result<FeedPosition> ReadFeed(const FeedOptions& options, const FeedVisitor& visit);

  // Waits until there is a commit after a version, or the time is over; answers the last version.
  Version WaitForCommit(Version after, std::chrono::microseconds timeout);

  // Writes a consistent copy of the store (FORMAT.md). *rows_done, when given, counts along.
  Status Backup(const ByteSink& sink, std::int64_t* rows_done = nullptr);

  // Loads a backup into an empty store, all or nothing. FAILED_PRECONDITION: the store is not
  // empty; INVALID_ARGUMENT: not a backup; DATA_LOSS: the backup is damaged or not complete.
  Result<RestoreResult> Restore(const ByteSource& source);

  // Takes over what another store holds, all or nothing; answers the last version.
  // FAILED_PRECONDITION: a commit is not later than all that is there; INVALID_ARGUMENT: a limit,
  // or the parts do not fit.
  Result<Version> Ingest(const IngestRequest& request);

  // Replaces the bytes of values, all in one; calls `skipped` for each row that no longer is as
  // expected. Views that are open may show either.
  Status Rewrite(std::span<const Replacement> rows,
                 const std::function<void(std::size_t index)>& skipped);

  // Finishes the commits under way and leaves the store clean; later calls answer UNAVAILABLE. The
  // destructor does it too, but cannot report.
  Status Close() { return DoClose(); }

  // Close for a store that another engine opens at once: what its start can do as well, such as
  // tidying up logs, is left to it. Nothing that was committed is lost.
  Status Release() { return DoRelease(); }

 protected:
  explicit Engine(const Limits& limits) : limits_(limits) {}

  // The next chunk of a backup; false at its verified end.
  using RestoreSource = std::function<Result<bool>(ScanChunk* chunk)>;

 private:
  virtual Description DoDescribe() const = 0;
  virtual void DoStats(Stats* stats) const = 0;
  virtual Result<Version> DoGet(std::span<const std::string_view> keys, const ReadOptions& options,
                                const EntryVisitor& visit) = 0;
  virtual Status DoScan(const ScanOptions& options, const ChunkVisitor& visit) = 0;
  virtual Result<Snapshot> DoOpenSnapshot(std::chrono::microseconds lease) = 0;
  virtual Status DoCloseSnapshot(std::string_view token) = 0;
  virtual Result<CommitResult> DoCommit(const CommitRequest& request, Conflict* conflict) = 0;
  virtual Result<FeedPosition> DoReadFeed(const FeedOptions& options, const FeedVisitor& visit) = 0;
  virtual Version DoWaitForCommit(Version after, std::chrono::microseconds timeout) = 0;
  virtual Result<RestoreResult> DoRestore(const BackupHeader& header,
                                          const RestoreSource& next) = 0;
  virtual Result<Version> DoIngest(const IngestRequest& request) = 0;
  virtual Status DoRewrite(std::span<const Replacement> rows,
                           const std::function<void(std::size_t index)>& skipped) = 0;
  virtual Status DoClose() = 0;
  virtual Status DoRelease() { return DoClose(); }

  const Limits limits_;
  std::atomic<std::uint64_t> gets_{0};
  std::atomic<std::uint64_t> scans_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> conflicts_{0};
};

}  // namespace strata::storage
