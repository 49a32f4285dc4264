#include "storage/memory/memory_engine.h"

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/base/mutex.h"
#include "core/base/rows.h"
#include "storage/api/backup_format.h"
#include "storage/api/change_codec.h"
#include "storage/api/lease_table.h"
#include "storage/api/random_id.h"
#include "storage/api/validate.h"
#include "storage/memory/feed.h"
#include "storage/memory/version_map.h"

namespace strata::storage::memory {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

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

Description MemoryEngine::DoDescribe() const {
  base::MutexLock lock(mutex_);
  Description description;
  description.engine = "memory";
  description.engine_version = "1";
  description.store_id = store_id_;
  description.durability = Durability::kNone;
  description.last_version = last_version_;
  description.oldest_watch_version = feed_.oldest();
  description.key_count_estimate = static_cast<std::int64_t>(map_.key_count());
  description.size_bytes = map_.size_bytes();
  description.stored_format = 1;
  description.ingest_cursor = ingest_cursor_;
  return description;
}

void MemoryEngine::DoStats(Stats* stats) const { stats->commit_groups = stats->commits; }

Result<MemoryEngine::ViewPointer> MemoryEngine::PinView(std::string_view snapshot) {
  if (!snapshot.empty()) return leases_.Use(snapshot);
  base::MutexLock lock(mutex_);
  if (closed_) return Unavailable("the store is closed");
  views_.insert(last_version_);
  return ViewPointer(std::make_shared<const View>(this, last_version_));
}

void MemoryEngine::Release(Version version) {
  base::MutexLock lock(mutex_);
  views_.erase(views_.find(version));
  if (const Version oldest = OldestView(); oldest != collected_) {
    map_.Collect(oldest);
    collected_ = oldest;
  }
}

Result<Version> MemoryEngine::DoGet(std::span<const std::string_view> keys,
                                    const ReadOptions& options, const EntryVisitor& visit) {
  STRATA_ASSIGN_OR_RETURN(const ViewPointer view, PinView(options.snapshot));
  base::MutexLock lock(mutex_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const VersionMap::Entry* entry = map_.Find(keys[i], view->version);
    const bool with_value = entry != nullptr && !options.omit_values;
    visit(i, entry == nullptr ? 0 : entry->version,
          with_value ? std::string_view(*entry->value) : std::string_view());
  }
  return view->version;
}

// Adds rows from *at on; true when there may be more, *at then being where to go on.
bool MemoryEngine::FillChunk(const ScanOptions& options, Version view, std::string* at,
                             ScanChunk* chunk) {
  const KeyRange range =
      options.reverse ? KeyRange{options.range.begin, *at} : KeyRange{*at, options.range.end};
  const std::uint64_t limit = options.limit == 0 ? ~std::uint64_t{0} : options.limit;
  std::string next;
  bool more = false;
  base::MutexLock lock(mutex_);
  map_.Visit(range, options.reverse, view, [&](std::string_view key, const auto& entry) {
    if (chunk->rows.size() >= kChunkBytes) {
      more = true;
      return false;
    }
    AppendRow(&chunk->rows, {key, entry.version, options.keys_only ? "" : *entry.value});
    next.assign(key);
    return ++chunk->row_count < limit;
  });
  *at = options.reverse ? next : next + '\0';
  return more;
}

Status MemoryEngine::DoScan(const ScanOptions& options, const ChunkVisitor& visit) {
  STRATA_ASSIGN_OR_RETURN(const ViewPointer view, PinView(options.snapshot));
  ScanOptions rest = options;
  std::string at(options.reverse ? options.range.end : options.range.begin);
  for (bool more = true; more;) {
    ScanChunk chunk;
    chunk.view_version = view->version;
    more = FillChunk(rest, view->version, &at, &chunk);
    if (rest.limit > 0) {
      rest.limit -= chunk.row_count;
      more = more && rest.limit > 0;
    }
    STRATA_RETURN_IF_ERROR(visit(chunk));
  }
  return OkStatus();
}

Result<Snapshot> MemoryEngine::DoOpenSnapshot(std::chrono::microseconds lease) {
  STRATA_ASSIGN_OR_RETURN(const ViewPointer view, PinView(""));
  STRATA_ASSIGN_OR_RETURN(std::string token, leases_.Open(view, lease));
  return Snapshot{std::move(token), view->version, lease};
}

Status MemoryEngine::DoCloseSnapshot(std::string_view token) {
  leases_.Close(token);
  return OkStatus();
}

Status MemoryEngine::Check(const std::vector<Precondition>& preconditions,
                           Conflict* conflict) const {
  using Kind = Precondition::Kind;
  for (std::size_t i = 0; i < preconditions.size(); ++i) {
    const Precondition& condition = preconditions[i];
    Version found = 0;
    bool holds = true;
    if (condition.kind == Kind::kRangeEmpty) {
      map_.Visit({condition.key, condition.range_end}, /*reverse=*/false, last_version_,
                 [&](std::string_view, const auto&) { return holds = false; });
    } else {
      const VersionMap::Entry* entry = map_.Find(condition.key, last_version_);
      found = entry == nullptr ? 0 : entry->version;
      const Version wanted = condition.kind == Kind::kKeyAbsent ? 0 : condition.version;
      holds = condition.kind == Kind::kKeyPresent ? found != 0 : found == wanted;
    }
    if (!holds) {
      *conflict = {static_cast<std::uint32_t>(i), found};
      return Aborted("precondition " + std::to_string(i) + " does not hold");
    }
  }
  return OkStatus();
}

void MemoryEngine::ApplyRange(const KeyRange& range, Version version,
                              std::vector<std::string>* journal) {
  const std::size_t first = journal->size();
  map_.Visit(range, /*reverse=*/false, version, [&](std::string_view key, const auto&) {
    journal->emplace_back(key);
    return true;
  });
  for (std::size_t i = first; i < journal->size(); ++i) map_.Delete((*journal)[i], version);
}

Status MemoryEngine::Apply(const Mutation& mutation, Version version, ChangeEncoder* changes,
                           std::vector<std::string>* journal) {
  std::string key(mutation.key);
  if (mutation.stamp_key_at) StampVersion(&key, *mutation.stamp_key_at, version);
  changes->Add({mutation.kind, key, mutation.range_end});
  if (mutation.kind == MutationKind::kDeleteRange) {
    ApplyRange({mutation.key, mutation.range_end}, version, journal);
    return OkStatus();
  }
  if (mutation.kind == MutationKind::kDelete) {
    map_.Delete(key, version);
  } else {
    std::string value(mutation.value);
    if (mutation.stamp_value_at) StampVersion(&value, *mutation.stamp_value_at, version);
    map_.Put(key, version, std::move(value));
  }
  journal->push_back(std::move(key));
  return OkStatus();
}

Result<CommitResult> MemoryEngine::DoCommit(const CommitRequest& request, Conflict* conflict) {
  leases_.Sweep();
  base::MutexLock lock(mutex_);
  if (closed_) return Unavailable("the store is closed");
  if (const auto version = Remembered(request.request_id)) return CommitResult{*version, true};
  STRATA_RETURN_IF_ERROR(Check(request.preconditions, conflict));
  if (request.mutations.empty() && request.more == nullptr) return CommitResult{last_version_};

  const Version version = last_version_ + 1;
  ChangeEncoder changes;
  std::vector<std::string> journal;
  const auto apply = [&](const Mutation& mutation) STRATA_NO_THREAD_ANALYSIS {
    return Apply(mutation, version, &changes, &journal);
  };
  Status status;
  for (const Mutation& mutation : request.mutations) {
    if (status.ok()) status = apply(mutation);
  }
  if (status.ok() && request.more != nullptr) status = request.more->Visit(apply);
  if (!status.ok()) {
    map_.Undo(version, journal);
    return status;
  }
  feed_.Append(version, options_.clock.wall_us(), changes.TakeParts());
  Remember(request.request_id, version);
  Publish(version);
  return CommitResult{version};
}

void MemoryEngine::Publish(Version version) {
  last_version_ = version;
  if (const Version oldest = OldestView(); oldest != collected_) {
    map_.Collect(oldest);
    collected_ = oldest;
  }
  committed_.NotifyAll();
}

std::optional<Version> MemoryEngine::Remembered(std::string_view request_id) {
  if (request_id.empty()) return std::nullopt;
  const auto found = requests_.find(std::string(request_id));
  return found == requests_.end() ? std::nullopt : std::optional(found->second);
}

void MemoryEngine::Remember(std::string_view request_id, Version version) {
  if (request_id.empty()) return;
  const std::int64_t now = options_.clock.wall_us();
  while (!request_ages_.empty() &&
         request_ages_.front().first < now - options_.request_id_age.count()) {
    requests_.erase(request_ages_.front().second);
    request_ages_.pop_front();
  }
  request_ages_.emplace_back(now, request_id);
  requests_.emplace(request_id, version);
}

Result<FeedPosition> MemoryEngine::DoReadFeed(const FeedOptions& options,
                                              const FeedVisitor& visit) {
  FeedPosition position;
  std::uint64_t number = 0;
  {
    base::MutexLock lock(mutex_);
    position.up_to = options.after == 0 ? feed_.oldest() : options.after;
    if (position.up_to < feed_.oldest() || position.up_to > last_version_) {
      return OutOfRange("the feed does not reach back to that version, or it is yet to come");
    }
    number = feed_.Find(position.up_to);
  }
  const KeyRange* range = options.range ? &*options.range : nullptr;
  for (std::size_t bytes = 0; bytes < options.max_bytes;) {
    Feed::PartPointer part;
    do {
      {
        base::MutexLock lock(mutex_);
        if (!feed_.Kept(number)) return OutOfRange("the feed no longer holds that version");
        part = feed_.At(number++);
      }
      if (part == nullptr) {
        position.at_end = true;
        return position;
      }
      STRATA_ASSIGN_OR_RETURN(const ChangeList list, ChangeList::Decode(part->changes));
      CommitEvent event{part->version, part->committed_us, list.Matching(range), part->continues};
      if (!event.changes.empty()) STRATA_RETURN_IF_ERROR(visit(event));
      bytes += part->changes.size();
    } while (part->continues);
    position.up_to = part->version;
  }
  return position;
}

Version MemoryEngine::DoWaitForCommit(Version after, std::chrono::microseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  base::MutexLock lock(mutex_);
  while (last_version_ <= after && !closed_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0) break;
    committed_.WaitFor(mutex_, left);
  }
  return last_version_;
}

Result<RestoreResult> MemoryEngine::DoRestore(const BackupHeader& header,
                                              const RestoreSource& next) {
  VersionMap restored;
  RestoreResult result;
  for (;;) {
    ScanChunk chunk;
    STRATA_ASSIGN_OR_RETURN(const bool more, next(&chunk));
    if (!more) break;
    RowReader reader(chunk.rows);
    for (Row row; reader.Next(&row);) {
      restored.Put(row.key, row.version, std::string(row.value));
    }
    result.rows += chunk.row_count;
  }
  base::MutexLock lock(mutex_);
  if (closed_) return Unavailable("the store is closed");
  map_.Collect(last_version_);
  if (map_.key_count() > 0) return FailedPrecondition("the store is not empty");
  map_ = std::move(restored);
  result.last_version = std::max(last_version_ + 1, header.view_version);
  feed_.Reset(result.last_version);
  Publish(result.last_version);
  return result;
}

void MemoryEngine::IngestChange(const Mutation& change, Version commit_version) {
  const Version version = change.version == 0 ? commit_version : change.version;
  switch (change.kind) {
    case MutationKind::kPut:
      map_.Ingest(change.key, version, std::string(change.value));
      return;
    case MutationKind::kDelete:
      map_.Ingest(change.key, version, std::nullopt);
      return;
    case MutationKind::kDeleteRange:
      break;
  }
  std::vector<std::string> keys;
  map_.Visit({change.key, change.range_end}, /*reverse=*/false, kAnyVersion,
             [&](std::string_view key, const auto&) {
               keys.emplace_back(key);
               return true;
             });
  for (const std::string& key : keys) {
    if (version == kAnyVersion) {
      map_.Erase(key);
    } else {
      map_.Ingest(key, version, std::nullopt);
    }
  }
}

// What the sources hold is read once before anything is changed: the second reading cannot fail.
Result<Version> MemoryEngine::DoIngest(const IngestRequest& request) {
  const auto readable = [](const Mutation&) { return OkStatus(); };
  if (request.rows != nullptr) STRATA_RETURN_IF_ERROR(request.rows->Visit(readable));
  for (const IngestCommit& commit : request.commits) {
    STRATA_RETURN_IF_ERROR(commit.changes->Visit(readable));
  }
  base::MutexLock lock(mutex_);
  if (closed_) return Unavailable("the store is closed");
  if (!request.restart_feed && !request.commits.empty() &&
      request.commits.front().version <= last_version_) {
    return FailedPrecondition("the store has commits that are not earlier than those ingested");
  }
  if (request.rows != nullptr) {
    STRATA_RETURN_IF_ERROR(request.rows->Visit([&](const Mutation& row) STRATA_NO_THREAD_ANALYSIS {
      IngestChange(row, request.up_to);
      return OkStatus();
    }));
  }
  for (const IngestCommit& commit : request.commits) {
    ChangeEncoder changes;
    const auto apply = [&](const Mutation& change) STRATA_NO_THREAD_ANALYSIS {
      IngestChange(change, commit.version);
      changes.Add({change.kind, change.key, change.range_end});
      return OkStatus();
    };
    STRATA_RETURN_IF_ERROR(commit.changes->Visit(apply));
    if (!request.restart_feed) {
      feed_.Append(commit.version, commit.committed_us, changes.TakeParts());
    }
  }
  if (request.cursor) ingest_cursor_.assign(*request.cursor);
  const Version last = std::max(last_version_, request.up_to);
  if (request.restart_feed) feed_.Reset(last);
  Publish(last);
  return last;
}

Status MemoryEngine::DoRewrite(std::span<const Replacement> rows,
                               const std::function<void(std::size_t index)>& skipped) {
  base::MutexLock lock(mutex_);
  if (closed_) return Unavailable("the store is closed");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!map_.Rewrite(rows[i])) skipped(i);
  }
  return OkStatus();
}

Status MemoryEngine::DoClose() {
  leases_.Clear();
  base::MutexLock lock(mutex_);
  closed_ = true;
  committed_.NotifyAll();
  return OkStatus();
}

}  // namespace

std::unique_ptr<Engine> OpenMemoryEngine(MemoryOptions options) {
  return std::make_unique<MemoryEngine>(std::move(options));
}

}  // namespace strata::storage::memory
