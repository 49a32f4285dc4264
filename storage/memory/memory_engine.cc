#include "storage/memory/memory_engine.h"

#include <algorithm>
#include <utility>

#include "core/base/rows.h"
#include "storage/api/validate.h"
#include "storage/memory/memory_store.h"

namespace strata::storage::memory {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

}  // namespace

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

Status MemoryEngine::DoClose() {
  leases_.Clear();
  base::MutexLock lock(mutex_);
  closed_ = true;
  committed_.NotifyAll();
  return OkStatus();
}

std::unique_ptr<Engine> OpenMemoryEngine(MemoryOptions options) {
  return std::make_unique<MemoryEngine>(std::move(options));
}

}  // namespace strata::storage::memory
