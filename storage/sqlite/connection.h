#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace strata::storage::sqlite {

// A prepared statement. Bytes that are bound must live until Reset. Single-threaded.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement();
  Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
  }

  bool prepared() const { return statement_ != nullptr; }

  // Parameters and columns count as in SQLite: the first parameter is 1, the first column 0.
  void Bind(int parameter, std::string_view blob);
  void Bind(int parameter, std::int64_t value);
  void Bind(int parameter, std::uint64_t value) {
    Bind(parameter, static_cast<std::int64_t>(value));
  }

  // True when there is a row. Codes: ErrorOf.
  Result<bool> Step();
  // Steps once, resets, and expects no row.
  Status Run();
  void Reset();

  // Of the current row. The bytes live until the next Step or Reset.
  std::string_view Blob(int column);
  std::int64_t Int(int column);
  std::uint64_t Version(int column) { return static_cast<std::uint64_t>(Int(column)); }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

enum class Access { kReadOnly, kReadWrite, kCreate };

// A connection to the file of a store. Single-threaded (but may move between threads).
class Connection {
 public:
  Connection() = default;
  ~Connection() { Close(); }
  Connection(Connection&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Connection& operator=(Connection&& other) noexcept {
    std::swap(database_, other.database_);
    return *this;
  }

  static Result<Connection> Open(const std::string& path, const char* vfs, Access access);

  // Several statements, separated by semicolons; their rows are ignored.
  Status Execute(const char* sql);
  Result<Statement> Prepare(const char* sql);
  // The only column of the only row, e.g. of a PRAGMA.
  Result<std::int64_t> QueryInt(const char* sql);

  // Whether the last connection to close copies the log into the file and removes it, as SQLite
  // does by itself. Not when another instance has the store open or opens it at once.
  void SetTidyOnClose(bool tidy);

  bool in_transaction() const;
  sqlite3* database() const { return database_; }
  // All statements must be gone.
  void Close();

 private:
  sqlite3* database_ = nullptr;
};

// SQLite's last error as a status: RESOURCE_EXHAUSTED no space or memory; DATA_LOSS the file is
// damaged; PERMISSION_DENIED it may not be read or written; UNAVAILABLE the device failed, or
// somebody else holds a lock; INTERNAL else, which is a bug.
Status ErrorOf(sqlite3* database, std::string_view doing);

}  // namespace strata::storage::sqlite
