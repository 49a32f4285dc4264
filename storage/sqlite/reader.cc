#include "storage/sqlite/reader.h"

#include <string>
#include <utility>

#include "core/base/rows.h"
#include "storage/sqlite/schema.h"

namespace strata::storage::sqlite {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

std::string ScanSql(bool in_run, bool reverse, bool keys_only, bool has_end) {
  const std::string range = has_end ? "key >= ?1 AND key < ?2" : "key >= ?1";
  const std::string value = keys_only ? "" : ", value";
  std::string sql = "SELECT key, version" + value + " FROM kv WHERE " + range;
  if (in_run) {
    // Both sides come in the order of their keys: SQLite merges them without sorting.
    sql += " AND NOT EXISTS (SELECT 1 FROM run WHERE run.key = kv.key) UNION ALL SELECT key, ?3" +
           value + " FROM run WHERE " + range + " AND value IS NOT NULL";
  }
  return sql + " ORDER BY 1" + (reverse ? " DESC" : "");
}

// Resets a statement at the end of a scope, on every way out.
class ResetLater {
 public:
  explicit ResetLater(Statement* statement) : statement_(statement) {}
  ~ResetLater() { statement_->Reset(); }
  ResetLater(const ResetLater&) = delete;
  ResetLater& operator=(const ResetLater&) = delete;

 private:
  Statement* statement_;
};

}  // namespace

Result<Reader> Reader::Open(const std::string& path, const char* vfs, std::size_t cache_bytes) {
  // Read-write, as the log's index is written by those who read too.
  STRATA_ASSIGN_OR_RETURN(Connection connection, Connection::Open(path, vfs, Access::kReadWrite));
  connection.SetTidyOnClose(false);  // The writer does.
  STRATA_RETURN_IF_ERROR(ConfigureConnection(&connection, cache_bytes));
  STRATA_RETURN_IF_ERROR(connection.Execute("PRAGMA query_only=1"));
  return Reader(std::move(connection), cache_bytes);
}

Result<Statement*> Reader::Prepared(int query, const char* sql) {
  Statement& statement = statements_[static_cast<std::size_t>(query)];
  if (!statement.prepared()) {
    STRATA_ASSIGN_OR_RETURN(statement, connection_.Prepare(sql));
  }
  return &statement;
}

Result<Statement*> Reader::PreparedGet(bool omit_value) {
  if (omit_value) return Prepared(kGetVersion, "SELECT version FROM kv WHERE key = ?1");
  return Prepared(kGet, "SELECT version, value FROM kv WHERE key = ?1");
}

Result<Statement*> Reader::PreparedScan(bool reverse, bool keys_only, bool has_end) {
  const bool in_run = run_ != 0;
  const int index = (in_run ? 8 : 0) + (reverse ? 4 : 0) + (keys_only ? 2 : 0) + (has_end ? 1 : 0);
  Statement* scan = &statements_[static_cast<std::size_t>(kScan + index)];
  if (!scan->prepared()) {
    const std::string sql = ScanSql(in_run, reverse, keys_only, has_end);
    STRATA_ASSIGN_OR_RETURN(*scan, connection_.Prepare(sql.c_str()));
  }
  if (in_run) scan->Bind(3, run_);
  return scan;
}

Status Reader::Warm() {
  STRATA_RETURN_IF_ERROR(BeginView());
  EndView();
  STRATA_RETURN_IF_ERROR(PreparedGet(/*omit_value=*/false).status());
  return PreparedScan(/*reverse=*/false, /*keys_only=*/false, /*has_end=*/true).status();
}

Status Reader::BeginView(std::uint64_t renewals) {
  EndView();
  renewals_ = renewals;
  STRATA_ASSIGN_OR_RETURN(Statement * begin, Prepared(kBegin, "BEGIN"));
  STRATA_RETURN_IF_ERROR(begin->Run());
  in_view_ = true;
  STRATA_ASSIGN_OR_RETURN(
      Statement * last,
      Prepared(kLastVersion,
               "SELECT version, (SELECT value FROM meta WHERE name = 'run') FROM feed ORDER BY id "
               "DESC LIMIT 1"));
  ResetLater reset(last);
  Result<bool> row = last->Step();
  if (row.ok() && !*row) row = DataLoss("the store has lost its feed");
  if (!row.ok()) {
    last->Reset();
    EndView();
    return row.status();
  }
  view_version_ = last->Version(0);
  run_ = last->Version(1);  // NULL counts as 0
  return OkStatus();
}

void Reader::EndView() {
  if (!in_view_) return;
  in_view_ = false;
  const Result<Statement*> end = Prepared(kEnd, "COMMIT");
  // A transaction that has only read cannot fail to end, but for want of memory.
  if (!end.ok() || !(*end)->Run().ok()) static_cast<void>(connection_.Execute("ROLLBACK"));
}

Result<bool> Reader::GetInRun(std::string_view key, bool omit_value, std::size_t index,
                              const EntryVisitor& visit) {
  Result<Statement*> prepared =
      omit_value ? Prepared(kRunGetVersion, "SELECT value IS NULL FROM run WHERE key = ?1")
                 : Prepared(kRunGet, "SELECT value IS NULL, value FROM run WHERE key = ?1");
  STRATA_RETURN_IF_ERROR(prepared.status());
  Statement* statement = *prepared;
  ResetLater reset(statement);
  statement->Bind(1, key);
  STRATA_ASSIGN_OR_RETURN(const bool found, statement->Step());
  if (!found) return false;
  const bool deleted = statement->Int(0) != 0;
  visit(index, deleted ? 0 : run_, omit_value || deleted ? std::string_view() : statement->Blob(1));
  return true;
}

Status Reader::Get(std::string_view key, bool omit_value, std::size_t index,
                   const EntryVisitor& visit) {
  if (run_ != 0) {
    STRATA_ASSIGN_OR_RETURN(const bool found, GetInRun(key, omit_value, index, visit));
    if (found) return OkStatus();
  }
  STRATA_ASSIGN_OR_RETURN(Statement * statement, PreparedGet(omit_value));
  ResetLater reset(statement);
  statement->Bind(1, key);
  STRATA_ASSIGN_OR_RETURN(const bool found, statement->Step());
  if (found) {
    visit(index, statement->Version(0), omit_value ? std::string_view() : statement->Blob(1));
  } else {
    visit(index, 0, {});
  }
  return OkStatus();
}

ScanCursor Reader::StartScan(const ScanOptions& options) {
  ScanCursor cursor;
  cursor.at = options.reverse ? options.range.end : options.range.begin;
  cursor.at_limit = options.reverse && !options.range.end.empty();
  cursor.left = options.limit;
  return cursor;
}

Result<bool> Reader::FillChunk(const ScanOptions& options, ScanCursor* cursor, ScanChunk* chunk) {
  const bool has_end = options.reverse ? cursor->at_limit : !options.range.end.empty();
  STRATA_ASSIGN_OR_RETURN(Statement * scan,
                          PreparedScan(options.reverse, options.keys_only, has_end));
  ResetLater reset(scan);
  const std::string from = cursor->at;
  scan->Bind(1, options.reverse ? options.range.begin : std::string_view(from));
  if (has_end) scan->Bind(2, options.reverse ? std::string_view(from) : options.range.end);
  chunk->view_version = view_version_;
  chunk->rows.reserve(kChunkBytes + 4096);
  while (chunk->rows.size() < kChunkBytes) {
    STRATA_ASSIGN_OR_RETURN(const bool row, scan->Step());
    if (!row) return false;
    const std::string_view key = scan->Blob(0);
    AppendRow(&chunk->rows, {key, scan->Version(1), options.keys_only ? "" : scan->Blob(2)});
    ++chunk->row_count;
    const bool last = cursor->left > 0 && --cursor->left == 0;
    if (last) return false;
    if (chunk->rows.size() >= kChunkBytes) cursor->at.assign(key);
  }
  cursor->at_limit = options.reverse;
  if (!options.reverse) cursor->at.push_back('\0');
  return true;
}

Result<Version> Reader::OldestFeedVersion() {
  STRATA_ASSIGN_OR_RETURN(Statement * oldest,
                          Prepared(kOldestVersion, "SELECT version FROM feed ORDER BY id LIMIT 1"));
  ResetLater reset(oldest);
  STRATA_ASSIGN_OR_RETURN(const bool row, oldest->Step());
  if (!row) return DataLoss("the store has lost its feed");
  return oldest->Version(0);
}

Result<FeedPart> Reader::NextFeedPart(std::int64_t after_id, Version after) {
  STRATA_ASSIGN_OR_RETURN(Statement * next,
                          Prepared(kNextPart,
                                   "SELECT id, version, committed_us, continues, changes FROM feed "
                                   "WHERE id > ?1 AND version > ?2 ORDER BY id LIMIT 1"));
  ResetLater reset(next);
  next->Bind(1, after_id);
  next->Bind(2, after);
  FeedPart part;
  STRATA_ASSIGN_OR_RETURN(const bool row, next->Step());
  if (!row) return part;
  part.id = next->Int(0);
  part.version = next->Version(1);
  part.committed_us = next->Int(2);
  part.continues = next->Int(3) != 0;
  part.changes = next->Blob(4);
  return part;
}

}  // namespace strata::storage::sqlite
