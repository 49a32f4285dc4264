#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "storage/sqlite/io_hook.h"
#include "storage/sqlite/sqlite_engine.h"
#include "tests/storage/engine_helpers.h"

namespace strata::storage::testing {

inline std::unique_ptr<Engine> MustOpen(sqlite::SqliteOptions options) {
  Result<std::unique_ptr<Engine>> engine = sqlite::OpenSqliteEngine(std::move(options));
  EXPECT_TRUE(engine.ok()) << engine.status().ToString();
  return engine.ok() ? *std::move(engine) : nullptr;
}

inline std::unique_ptr<Engine> MustOpen(const std::string& folder, sqlite::IoHook* hook = nullptr) {
  sqlite::SqliteOptions options;
  options.folder = folder;
  options.io_hook = hook;
  return MustOpen(std::move(options));
}

// A hook that lets everything pass; tests override what they need.
class PassingHook : public sqlite::IoHook {
 public:
  sqlite::IoFault OnWrite(sqlite::IoFile, std::int64_t, std::string_view) override {
    return sqlite::IoFault::kNone;
  }
  sqlite::IoFault OnTruncate(sqlite::IoFile, std::int64_t) override {
    return sqlite::IoFault::kNone;
  }
  sqlite::IoFault OnSync(sqlite::IoFile) override { return sqlite::IoFault::kNone; }
};

}  // namespace strata::storage::testing
