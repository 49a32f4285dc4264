#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "storage/api/change_codec.h"
#include "storage/api/lease_table.h"
#include "storage/api/random_id.h"
#include "storage/memory/feed.h"
#include "storage/memory/memory_engine.h"
#include "storage/memory/version_map.h"

namespace strata::storage::memory {

// All versions of all rows in one ordered map, behind one lock. Thread-safe.
class MemoryEngine final : public Engine {
 public:
  explicit MemoryEngine(MemoryOptions options)
      : Engine(options.limits),
        options_(options),
        leases_(options.clock, options.limits.max_open_snapshots),
        feed_(options.feed_bytes) {}
  ~MemoryEngine() override { static_cast<void>(DoClose()); }

 private:
  // Keeps one version readable. Owners: the lease of a snapshot, and the calls that read it.
  struct View {
    View(MemoryEngine* owner, Version at) : engine(owner), version(at) {}
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    ~View() { engine->Release(version); }
    MemoryEngine* const engine;
    const Version version;
  };
  using ViewPointer = std::shared_ptr<const View>;

  Description DoDescribe() const override;
  void DoStats(Stats* stats) const override;
  Result<Version> DoGet(std::span<const std::string_view> keys, const ReadOptions& options,
                        const EntryVisitor& visit) override;
  Status DoScan(const ScanOptions& options, const ChunkVisitor& visit) override;
  Result<Snapshot> DoOpenSnapshot(std::chrono::microseconds lease) override;
  Status DoCloseSnapshot(std::string_view token) override;
  Result<CommitResult> DoCommit(const CommitRequest& request, Conflict* conflict) override;
  Result<FeedPosition> DoReadFeed(const FeedOptions& options, const FeedVisitor& visit) override;
  Version DoWaitForCommit(Version after, std::chrono::microseconds timeout) override;
  Result<RestoreResult> DoRestore(const BackupHeader& header, const RestoreSource& next) override;
  Result<Version> DoIngest(const IngestRequest& request) override;
  Status DoRewrite(std::span<const Replacement> rows,
                   const std::function<void(std::size_t index)>& skipped) override;
  Status DoClose() override;

  void IngestChange(const Mutation& change, Version commit_version) STRATA_REQUIRES(mutex_);
  Result<ViewPointer> PinView(std::string_view snapshot);
  void Release(Version version);
  bool FillChunk(const ScanOptions& options, Version view, std::string* at, ScanChunk* chunk);
  Status Check(const std::vector<Precondition>& preconditions, Conflict* conflict) const
      STRATA_REQUIRES(mutex_);
  Status Apply(const Mutation& mutation, Version version, ChangeEncoder* changes,
               std::vector<std::string>* journal) STRATA_REQUIRES(mutex_);
  void ApplyRange(const KeyRange& range, Version version, std::vector<std::string>* journal)
      STRATA_REQUIRES(mutex_);
  void Publish(Version version) STRATA_REQUIRES(mutex_);
  std::optional<Version> Remembered(std::string_view request_id) STRATA_REQUIRES(mutex_);
  void Remember(std::string_view request_id, Version version) STRATA_REQUIRES(mutex_);
  Version OldestView() const STRATA_REQUIRES(mutex_) {
    return views_.empty() ? last_version_ : *views_.begin();
  }

  const MemoryOptions options_;
  const std::string store_id_ = RandomId();
  LeaseTable<ViewPointer> leases_;  // locked before mutex_

  mutable base::Mutex mutex_;
  base::CondVar committed_;
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
  Version last_version_ STRATA_GUARDED_BY(mutex_) = 0;
  Version collected_ STRATA_GUARDED_BY(mutex_) = 0;
  VersionMap map_ STRATA_GUARDED_BY(mutex_);
  Feed feed_ STRATA_GUARDED_BY(mutex_);
  std::multiset<Version> views_ STRATA_GUARDED_BY(mutex_);
  std::string ingest_cursor_ STRATA_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Version> requests_ STRATA_GUARDED_BY(mutex_);
  std::deque<std::pair<std::int64_t, std::string>> request_ages_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::storage::memory
