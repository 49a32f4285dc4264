#include "storage/sqlite/schema.h"

#include <sqlite3.h>

#include "storage/api/random_id.h"
#include "storage/sqlite/page_checksum.h"

namespace strata::storage::sqlite {
namespace {

// The row 0 of the feed is where a new store begins: see FORMAT.md, "feed".
constexpr const char* kTables = R"(
CREATE TABLE kv(key BLOB PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE feed(id INTEGER PRIMARY KEY, version INTEGER NOT NULL, committed_us INTEGER NOT NULL,
                  continues INTEGER NOT NULL, total_bytes INTEGER NOT NULL, changes BLOB NOT NULL);
CREATE TABLE requests_0(id BLOB PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE requests_1(id BLOB PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
INSERT INTO feed VALUES(0, 0, 0, 0, 0, x'');
)";

// Stores of earlier programs get it when they are opened.
constexpr const char* kRunTable =
    "CREATE TABLE IF NOT EXISTS run(key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID";

Status CreateTables(Connection* connection) {
  STRATA_RETURN_IF_ERROR(connection->Execute("BEGIN IMMEDIATE"));
  STRATA_RETURN_IF_ERROR(connection->Execute(kTables));
  STRATA_RETURN_IF_ERROR(connection->Execute(kRunTable));
  STRATA_RETURN_IF_ERROR(WriteMeta(connection, "store_id", RandomId()));
  const std::string number = "PRAGMA application_id=" + std::to_string(kApplicationId);
  STRATA_RETURN_IF_ERROR(connection->Execute(number.c_str()));
  STRATA_RETURN_IF_ERROR(SetFormat(connection, kStoredFormat));
  return connection->Execute("COMMIT");
}

}  // namespace

Status ConfigureConnection(Connection* connection, std::size_t cache_bytes) {
  const std::string sql = "PRAGMA cache_size=-" + std::to_string(cache_bytes / 1024) +
                          ";PRAGMA temp_store=MEMORY;PRAGMA mmap_size=0;PRAGMA wal_autocheckpoint=0"
                          ";PRAGMA synchronous=FULL;PRAGMA secure_delete=FAST";
  return connection->Execute(sql.c_str());
}

Status CheckStore(Connection* connection) {
  STRATA_ASSIGN_OR_RETURN(const std::int64_t id, connection->QueryInt("PRAGMA application_id"));
  if (id != kApplicationId) {
    return FailedPrecondition("the file store.db is not a Strata store");
  }
  STRATA_ASSIGN_OR_RETURN(const std::int64_t format, connection->QueryInt("PRAGMA user_version"));
  if (format > kFormatWithRun) {
    return FailedPrecondition("the store has format " + std::to_string(format) +
                              ", this program reads up to " + std::to_string(kFormatWithRun));
  }
  int reserved = -1;
  sqlite3_file_control(connection->database(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  if (reserved != kReservedBytes) return DataLoss("the pages of the store carry no checksums");
  return OkStatus();
}

Status SetFormat(Connection* connection, std::uint32_t format) {
  const std::string sql = "PRAGMA user_version=" + std::to_string(format);
  return connection->Execute(sql.c_str());
}

Status PrepareStore(Connection* connection, const SqliteOptions& options) {
  STRATA_ASSIGN_OR_RETURN(const std::int64_t schema, connection->QueryInt("PRAGMA schema_version"));
  if (schema != 0) {
    STRATA_RETURN_IF_ERROR(CheckStore(connection));
    return connection->Execute(kRunTable);
  }
  int reserved = kReservedBytes;
  sqlite3_file_control(connection->database(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  const std::string sql =
      "PRAGMA page_size=" + std::to_string(options.page_bytes) + ";PRAGMA journal_mode=WAL";
  STRATA_RETURN_IF_ERROR(connection->Execute(sql.c_str()));
  return CreateTables(connection);
}

Result<std::string> ReadMeta(Connection* connection, const char* name) {
  STRATA_ASSIGN_OR_RETURN(Statement statement,
                          connection->Prepare("SELECT value FROM meta WHERE name=CAST(? AS TEXT)"));
  statement.Bind(1, std::string_view(name));
  STRATA_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? std::string(statement.Blob(0)) : std::string();
}

Status WriteMeta(Connection* connection, const char* name, std::string_view value) {
  STRATA_ASSIGN_OR_RETURN(
      Statement statement,
      connection->Prepare("INSERT OR REPLACE INTO meta VALUES(CAST(? AS TEXT), ?)"));
  statement.Bind(1, std::string_view(name));
  statement.Bind(2, value);
  return statement.Run();
}

}  // namespace strata::storage::sqlite
