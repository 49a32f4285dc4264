#include "storage/sqlite/sqlite_engine.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "storage/api/backup_format.h"
#include "storage/api/change_codec.h"
#include "storage/api/lease_table.h"
#include "storage/sqlite/commit_applier.h"
#include "storage/sqlite/group_writer.h"
#include "storage/sqlite/maintenance.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/store_lock.h"
#include "storage/sqlite/store_vfs.h"
#include "storage/sqlite/view_pool.h"

namespace strata::storage::sqlite {
namespace {

constexpr std::size_t kMaintenanceCache = std::size_t{64} << 10;

}  // namespace

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(SqliteOptions options)
      : Engine(options.limits),
        options_(std::move(options)),
        path_(options_.folder + "/store.db"),
        vfs_(options_.io_hook),
        leases_(options_.clock, options_.limits.max_open_snapshots) {}
  ~SqliteEngine() override { static_cast<void>(DoClose()); }

  // Owns the store from here on: makes or recovers it, or goes on from Prepare.
  Status Open();
  // Opens what needs no ownership; changes nothing. Another engine may have the store.
  Status Prepare();

 private:
  using ViewPointer = std::shared_ptr<HeldView>;

  Description DoDescribe() const override;
  void DoStats(Stats* stats) const override;
  Result<Version> DoGet(std::span<const std::string_view> keys, const ReadOptions& options,
                        const EntryVisitor& visit) override;
  Status DoScan(const ScanOptions& options, const ChunkVisitor& visit) override;
  Result<Snapshot> DoOpenSnapshot(std::chrono::microseconds lease) override;
  Status DoCloseSnapshot(std::string_view token) override;
  Result<CommitResult> DoCommit(const CommitRequest& request, Conflict* conflict) override {
    return writer_->Commit(request, conflict);
  }
  Result<FeedPosition> DoReadFeed(const FeedOptions& options, const FeedVisitor& visit) override;
  Version DoWaitForCommit(Version after, std::chrono::microseconds timeout) override {
    return writer_->WaitForCommit(after, timeout);
  }
  Result<RestoreResult> DoRestore(const BackupHeader& header, const RestoreSource& next) override {
    return writer_->Restore(header.view_version, next);
  }
  Result<Version> DoIngest(const IngestRequest& request) override;
  Status DoRewrite(std::span<const Replacement> rows,
                   const std::function<void(std::size_t index)>& skipped) override {
    return writer_->Rewrite(rows, skipped);
  }
  Status DoClose() override;
  Status DoRelease() override;

  // False when they were stopped before.
  bool StopThreads() STRATA_REQUIRES(close_mutex_);
  Status ConnectAll(Connection first);
  Result<Connection> Connect(std::size_t cache_bytes);
  Result<ViewPointer> FindView(std::string_view snapshot);
  Status ScanOn(const ViewPointer& view, const ScanOptions& options, ScanCursor* cursor,
                const ChunkVisitor& visit);
  Status VisitPart(const FeedPart& part, const FeedOptions& options, const FeedVisitor& visit);

  const SqliteOptions options_;
  const std::string path_;
  std::optional<StoreLock> lock_;
  StoreVfs vfs_;  // before every connection
  std::string store_id_;
  bool prepared_ = false;
  std::optional<ViewPool> views_;
  LeaseTable<ViewPointer> leases_;  // before the views' pool goes
  base::Mutex checkpoint_mutex_;
  std::optional<CommitApplier> applier_;
  Connection tending_;  // Until maintenance_ has it.
  std::optional<Maintenance> maintenance_;
  std::optional<GroupWriter> writer_;
  mutable base::Mutex cursor_mutex_;
  std::string ingest_cursor_ STRATA_GUARDED_BY(cursor_mutex_);
  base::Mutex close_mutex_;
  bool closed_ STRATA_GUARDED_BY(close_mutex_) = false;
};

Result<Connection> SqliteEngine::Connect(std::size_t cache_bytes) {
  STRATA_ASSIGN_OR_RETURN(Connection connection,
                          Connection::Open(path_, vfs_.name(), Access::kReadWrite));
  STRATA_RETURN_IF_ERROR(ConfigureConnection(&connection, cache_bytes));
  return connection;
}

// What reads and writes, once the store is known to be there.
Status SqliteEngine::ConnectAll(Connection first) {
  STRATA_RETURN_IF_ERROR(ConfigureConnection(&first, options_.cache_bytes / 2));
  STRATA_ASSIGN_OR_RETURN(tending_, Connect(kMaintenanceCache));
  applier_.emplace(std::move(first), &checkpoint_mutex_, options_);
  STRATA_RETURN_IF_ERROR(applier_->Prepare());
  views_.emplace(path_, vfs_.name(), options_);
  return OkStatus();
}

Status SqliteEngine::Prepare() {
  if (vfs_.name() == nullptr) return Internal("SQLite has no file system to build on");
  vfs_.log().LeaveToOther();
  STRATA_ASSIGN_OR_RETURN(Connection connection,
                          Connection::Open(path_, vfs_.name(), Access::kReadWrite));
  connection.SetTidyOnClose(false);
  STRATA_RETURN_IF_ERROR(CheckStore(&connection));
  STRATA_RETURN_IF_ERROR(ConnectAll(std::move(connection)));
  tending_.SetTidyOnClose(false);
  STRATA_RETURN_IF_ERROR(views_->Warm());
  prepared_ = true;
  return OkStatus();
}

Status SqliteEngine::Open() {
  if (vfs_.name() == nullptr) return Internal("SQLite has no file system to build on");
  STRATA_ASSIGN_OR_RETURN(lock_, StoreLock::Acquire(options_.folder));
  if (prepared_) {
    vfs_.log().TakeOver(vfs_.page_bytes());
    STRATA_RETURN_IF_ERROR(PrepareStore(&applier_->connection(), options_));
  } else {
    STRATA_ASSIGN_OR_RETURN(Connection connection,
                            Connection::Open(path_, vfs_.name(), Access::kCreate));
    STRATA_RETURN_IF_ERROR(PrepareStore(&connection, options_));
    STRATA_RETURN_IF_ERROR(ConnectAll(std::move(connection)));
  }
  applier_->connection().SetTidyOnClose(true);
  STRATA_ASSIGN_OR_RETURN(store_id_, ReadMeta(&applier_->connection(), "store_id"));
  STRATA_ASSIGN_OR_RETURN(std::string cursor, ReadMeta(&applier_->connection(), "ingest_cursor"));
  {
    base::MutexLock lock(cursor_mutex_);
    ingest_cursor_ = std::move(cursor);
  }
  STRATA_RETURN_IF_ERROR(applier_->Start());
  maintenance_.emplace(std::move(tending_), &checkpoint_mutex_, &*views_,
                       [this] { leases_.Sweep(); });
  writer_.emplace(&*applier_, &*views_, options_, [this] { maintenance_->LogGrew(); });
  return OkStatus();
}

Description SqliteEngine::DoDescribe() const {
  Description description;
  description.engine = "sqlite";
  description.engine_version = sqlite3_libversion();
  description.store_id = store_id_;
  description.durability = Durability::kFull;
  description.last_version = views_->last_version();
  description.oldest_watch_version = writer_->oldest_feed_version();
  struct stat data {};
  if (stat(path_.c_str(), &data) == 0) description.size_bytes = data.st_size;
  description.stored_format = kStoredFormat;
  base::MutexLock lock(cursor_mutex_);
  description.ingest_cursor = ingest_cursor_;
  return description;
}

void SqliteEngine::DoStats(Stats* stats) const {
  stats->commit_groups = writer_->groups();
  stats->syncs = vfs_.log_syncs();
  stats->checkpoints = maintenance_->checkpoints();
  stats->expired_views = views_->ended_views();
}

Result<SqliteEngine::ViewPointer> SqliteEngine::FindView(std::string_view snapshot) {
  STRATA_ASSIGN_OR_RETURN(ViewPointer view, leases_.Use(snapshot));
  if (!view->ended()) return view;
  leases_.Close(snapshot);
  return NotFound("the snapshot was ended because it held up the log; open a new one");
}

Result<Version> SqliteEngine::DoGet(std::span<const std::string_view> keys,
                                    const ReadOptions& options, const EntryVisitor& visit) {
  const auto read = [&](Reader& reader) -> Result<Version> {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      STRATA_RETURN_IF_ERROR(reader.Get(keys[i], options.omit_values, i, visit));
    }
    return reader.view_version();
  };
  if (!options.snapshot.empty()) {
    STRATA_ASSIGN_OR_RETURN(const ViewPointer view, FindView(options.snapshot));
    return view->Use(read);
  }
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, views_->Take());
  Result<Version> version = read(*reader);
  views_->Return(std::move(reader));
  return version;
}

Status SqliteEngine::DoScan(const ScanOptions& options, const ChunkVisitor& visit) {
  ScanCursor cursor = Reader::StartScan(options);
  if (!options.snapshot.empty()) {
    STRATA_ASSIGN_OR_RETURN(const ViewPointer view, FindView(options.snapshot));
    return ScanOn(view, options, &cursor, visit);
  }
  // Most scans are short: the reader is free again before their rows are looked at.
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, views_->Take());
  ScanChunk first;
  const Result<bool> more = reader->FillChunk(options, &cursor, &first);
  if (!more.ok() || !*more) {
    views_->Return(std::move(reader));
    return more.ok() ? visit(first) : more.status();
  }
  const ViewPointer view = views_->Hold(std::move(reader));
  STRATA_RETURN_IF_ERROR(visit(first));
  return ScanOn(view, options, &cursor, visit);
}

Status SqliteEngine::ScanOn(const ViewPointer& view, const ScanOptions& options, ScanCursor* cursor,
                            const ChunkVisitor& visit) {
  for (bool more = true; more;) {
    ScanChunk chunk;
    STRATA_ASSIGN_OR_RETURN(
        more, view->Use([&](Reader& reader) { return reader.FillChunk(options, cursor, &chunk); }));
    STRATA_RETURN_IF_ERROR(visit(chunk));
    // A long scan keeps its snapshot.
    if (!options.snapshot.empty()) STRATA_RETURN_IF_ERROR(leases_.Use(options.snapshot).status());
  }
  return OkStatus();
}

Result<Snapshot> SqliteEngine::DoOpenSnapshot(std::chrono::microseconds lease) {
  STRATA_ASSIGN_OR_RETURN(const ViewPointer view, views_->HoldShared());
  STRATA_ASSIGN_OR_RETURN(std::string token, leases_.Open(view, lease));
  return Snapshot{std::move(token), view->version(), lease};
}

Status SqliteEngine::DoCloseSnapshot(std::string_view token) {
  leases_.Close(token);
  return OkStatus();
}

Status SqliteEngine::VisitPart(const FeedPart& part, const FeedOptions& options,
                               const FeedVisitor& visit) {
  STRATA_ASSIGN_OR_RETURN(const ChangeList list, ChangeList::Decode(part.changes));
  const KeyRange* range = options.range ? &*options.range : nullptr;
  CommitEvent event{part.version, part.committed_us, list.Matching(range), part.continues};
  return event.changes.empty() ? OkStatus() : visit(event);
}

Result<FeedPosition> SqliteEngine::DoReadFeed(const FeedOptions& options,
                                              const FeedVisitor& visit) {
  STRATA_ASSIGN_OR_RETURN(const ViewPointer view, views_->Hold());
  STRATA_ASSIGN_OR_RETURN(const Version oldest,
                          view->Use([](Reader& reader) { return reader.OldestFeedVersion(); }));
  FeedPosition position{options.after == 0 ? oldest : options.after};
  if (position.up_to < oldest || position.up_to > view->version()) {
    return OutOfRange("the feed does not reach back to that version, or it is yet to come");
  }
  auto id = static_cast<std::int64_t>(position.up_to);
  for (std::size_t bytes = 0; bytes < options.max_bytes;) {
    FeedPart part;
    do {
      STRATA_ASSIGN_OR_RETURN(
          part, view->Use([&](Reader& reader) { return reader.NextFeedPart(id, position.up_to); }));
      if (part.id < 0) {
        position.at_end = true;
        return position;
      }
      id = part.id;
      bytes += part.changes.size();
      STRATA_RETURN_IF_ERROR(VisitPart(part, options, visit));
    } while (part.continues);
    position.up_to = part.version;
  }
  return position;
}

Result<Version> SqliteEngine::DoIngest(const IngestRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Version last, writer_->Ingest(request));
  if (request.cursor) {
    base::MutexLock lock(cursor_mutex_);
    ingest_cursor_.assign(*request.cursor);
  }
  return last;
}

bool SqliteEngine::StopThreads() {
  if (std::exchange(closed_, true) || !writer_) return false;
  writer_->Stop();
  maintenance_->Stop();
  leases_.Clear();
  views_->Close();
  return true;
}

Status SqliteEngine::DoClose() {
  base::MutexLock lock(close_mutex_);
  if (!StopThreads()) return OkStatus();
  // The log is the store's too: when it cannot be copied now, the next start does it.
  return applier_->TruncateLog();
}

Status SqliteEngine::DoRelease() {
  base::MutexLock lock(close_mutex_);
  // Also for a plugin with an SQLite of its own in this process, which would not see that it is in
  // use and remove the log (sqlite.org/howtocorrupt.html#posix_advisory_locks_canceled...).
  if (StopThreads()) applier_->connection().SetTidyOnClose(false);
  return OkStatus();
}

Status Validate(const SqliteOptions& options) {
  if (options.folder.empty()) return InvalidArgument("the store needs a folder");
  const std::uint32_t page = options.page_bytes;
  if (page < 4096 || page > 65536 || (page & (page - 1)) != 0) {
    return InvalidArgument("page_bytes must be a power of two from 4096 to 65536");
  }
  if (options.checkpoint_bytes > options.restart_bytes ||
      options.restart_bytes > options.expire_bytes) {
    return InvalidArgument("checkpoint_bytes, restart_bytes, expire_bytes must grow in this order");
  }
  return OkStatus();
}

Result<std::unique_ptr<Engine>> OpenSqliteEngine(SqliteOptions options) {
  STRATA_RETURN_IF_ERROR(Validate(options));
  auto engine = std::make_unique<SqliteEngine>(std::move(options));
  STRATA_RETURN_IF_ERROR(engine->Open());
  return std::unique_ptr<Engine>(std::move(engine));
}

StoreHandover::StoreHandover(SqliteOptions options) : options_(std::move(options)) {}
StoreHandover::~StoreHandover() = default;

Status StoreHandover::Prepare() {
  STRATA_RETURN_IF_ERROR(Validate(options_));
  prepared_ = std::make_unique<SqliteEngine>(options_);
  const Status prepared = prepared_->Prepare();
  if (!prepared.ok()) prepared_ = nullptr;
  return prepared;
}

Result<std::unique_ptr<Engine>> StoreHandover::Acquire() {
  if (prepared_ == nullptr) return OpenSqliteEngine(options_);
  std::unique_ptr<SqliteEngine> engine = std::move(prepared_);
  STRATA_RETURN_IF_ERROR(engine->Open());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace strata::storage::sqlite
