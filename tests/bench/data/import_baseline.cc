#include "tests/bench/data/import_baseline.h"

#include <sqlite3.h>

#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.h"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Row {
  std::string key;
  sqlite3_int64 version = 0;
  std::string value;
};

constexpr const char* kPrepare =
    "PRAGMA page_size=8192;PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
    "PRAGMA cache_size=-16384;"
    "CREATE TABLE kv(key BLOB PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL)"
    " WITHOUT ROWID";

class Database {
 public:
  explicit Database(const std::filesystem::path& file) {
    if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK) Close();
  }
  ~Database() { Close(); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  bool Execute(const char* sql) {
    return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr);
    return statement;
  }

 private:
  void Close() {
    sqlite3_close(database_);
    database_ = nullptr;
  }
  sqlite3* database_ = nullptr;
};

std::string BlobOf(sqlite3_stmt* statement, int column) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
  return bytes == nullptr
             ? std::string()
             : std::string(bytes,
                           static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

// All rows, those of one commit together, in the order of the commits.
std::vector<Row> RowsOf(const std::filesystem::path& store) {
  std::vector<Row> rows;
  Database database(store / "store.db");
  sqlite3_stmt* select = database.Prepare("SELECT key, version, value FROM kv ORDER BY version");
  while (select != nullptr && sqlite3_step(select) == SQLITE_ROW) {
    rows.push_back({BlobOf(select, 0), sqlite3_column_int64(select, 1), BlobOf(select, 2)});
  }
  sqlite3_finalize(select);
  return rows;
}

bool Insert(sqlite3_stmt* insert, const Row& row) {
  sqlite3_bind_blob64(insert, 1, row.key.data(), row.key.size(), SQLITE_STATIC);
  sqlite3_bind_int64(insert, 2, row.version);
  sqlite3_bind_blob64(insert, 3, row.value.data(), row.value.size(), SQLITE_STATIC);
  const bool done = sqlite3_step(insert) == SQLITE_DONE;
  sqlite3_reset(insert);
  return done;
}

}  // namespace

std::optional<Baseline> RunBaseline(const std::filesystem::path& store,
                                    const std::filesystem::path& scratch,
                                    const std::function<bool(std::string*)>& next) {
  const std::vector<Row> rows = RowsOf(store);
  Database database(scratch / "baseline.db");
  if (rows.empty() || !database.Execute(kPrepare)) return std::nullopt;
  sqlite3_stmt* insert = database.Prepare("INSERT INTO kv VALUES(?, ?, ?)");
  Baseline result;
  std::string text;
  bool more = true;
  bool ok = insert != nullptr;
  const Clock::time_point start = Clock::now();
  for (auto row = rows.begin(); ok && (more || row != rows.end());) {
    more = more && next(&text);
    ok = !more || json::Document::Parse(text).ok();
    ok = ok && database.Execute("BEGIN");
    for (const sqlite3_int64 version = row == rows.end() ? 0 : row->version;
         ok && row != rows.end() && row->version == version; ++row) {
      ok = Insert(insert, *row);
      ++result.rows;
      result.bytes += row->key.size() + row->value.size();
    }
    ok = ok && database.Execute("COMMIT");
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  sqlite3_finalize(insert);
  return ok ? std::optional<Baseline>(result) : std::nullopt;
}

}  // namespace strata::bench
