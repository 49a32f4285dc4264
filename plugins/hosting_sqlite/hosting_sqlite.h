#pragma once

#include <strata/plugin.h>

#include <memory>
#include <string_view>

#include "storage/service/engine_service.h"
#include "storage/sqlite/sqlite_engine.h"

namespace strata::plugins::hosting_sqlite {

// The SQLite engine behind the hosting contract. Configuration: README.md.
class HostingSqlite final : public storage::service::EngineService {
 public:
  static Result<std::unique_ptr<HostingSqlite>> Create(Host host, std::string_view config_json);

  Status Start();
  void Stop();

 private:
  HostingSqlite(Host host, storage::sqlite::SqliteOptions options)
      : host_(host), options_(std::move(options)) {}

  const Host host_;
  const storage::sqlite::SqliteOptions options_;
};

}  // namespace strata::plugins::hosting_sqlite
