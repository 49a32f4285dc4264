#include "storage/sqlite/connection.h"

#include <sqlite3.h>

namespace strata::storage::sqlite {
namespace {

// Nobody else has the store: what is busy is one of our own short steps.
constexpr int kBusyMilliseconds = 5000;

Code CodeOf(int extended) {
  switch (extended) {
    case SQLITE_IOERR_DATA:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
      return Code::kDataLoss;
    case SQLITE_IOERR_NOMEM:
      return Code::kResourceExhausted;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Code::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kDataLoss;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return Code::kPermissionDenied;
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

std::string_view WhatItMeans(Code code) {
  switch (code) {
    case Code::kDataLoss:
      return "the store is damaged; restore it from a backup";
    case Code::kResourceExhausted:
      return "no space is left";
    case Code::kPermissionDenied:
      return "the store may not be read or written";
    case Code::kUnavailable:
      return "the storage device failed or is locked";
    default:
      return "unexpected";
  }
}

}  // namespace

Status ErrorOf(sqlite3* database, std::string_view doing) {
  const int extended = database == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(database);
  const Code code = CodeOf(extended);
  std::string message(doing);
  message.append(": ").append(WhatItMeans(code));
  message.append(" (SQLite ").append(std::to_string(extended)).append(", ");
  message.append(sqlite3_errstr(extended)).append(")");
  return {code, std::move(message)};
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::Bind(int parameter, std::string_view blob) {
  // A null pointer would bind NULL.
  const char* data = blob.data() == nullptr ? "" : blob.data();
  sqlite3_bind_blob(statement_, parameter, data, static_cast<int>(blob.size()), SQLITE_STATIC);
}

void Statement::Bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_, parameter, value);
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return ErrorOf(sqlite3_db_handle(statement_), "reading or writing the store");
}

Status Statement::Run() {
  const Result<bool> row = Step();
  Reset();
  return row.status();
}

void Statement::Reset() { sqlite3_reset(statement_); }

std::string_view Statement::Blob(int column) {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::int64_t Statement::Int(int column) { return sqlite3_column_int64(statement_, column); }

Result<Connection> Connection::Open(const std::string& path, const char* vfs, Access access) {
  Connection connection;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
  flags |= access == Access::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (access == Access::kCreate) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &connection.database_, flags, vfs);
  if (code != SQLITE_OK) return ErrorOf(connection.database_, "opening the store");
  sqlite3_busy_timeout(connection.database_, kBusyMilliseconds);
  return connection;
}

Status Connection::Execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return OkStatus();
  return ErrorOf(database_, "using the store");
}

Result<Statement> Connection::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return ErrorOf(database_, "reading the store's schema");
  return Statement(statement);
}

Result<std::int64_t> Connection::QueryInt(const char* sql) {
  STRATA_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  STRATA_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Int(0) : std::int64_t{0};
}

void Connection::SetTidyOnClose(bool tidy) {
  sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, tidy ? 0 : 1, nullptr);
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

void Connection::Close() { sqlite3_close_v2(std::exchange(database_, nullptr)); }

}  // namespace strata::storage::sqlite
