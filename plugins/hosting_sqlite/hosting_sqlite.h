#pragma once

#include <strata/plugin.h>

#include <atomic>
#include <memory>
#include <string_view>

#include "storage/service/engine_service.h"
#include "storage/sqlite/sqlite_engine.h"

namespace strata::plugins::hosting_sqlite {

// The SQLite engine behind the hosting contract. Configuration: README.md.
class HostingSqlite final : public storage::service::EngineService {
 public:
  static Result<std::unique_ptr<HostingSqlite>> Create(Host host, std::string_view config_json);

  Status Commit(Context& context, const hosting::v1::CommitRequest& request,
                hosting::v1::CommitResponse* response) override {
    return Noted(EngineService::Commit(context, request, response));
  }
  Status CommitStream(Context& context, Reader<hosting::v1::CommitStreamRequest>& reader,
                      hosting::v1::CommitResponse* response) override {
    return Noted(EngineService::CommitStream(context, reader, response));
  }

  Status Start();
  Status Health();
  void Stop();

  // strata.handover/1: the store has one owner at a time.
  Status Release();
  Status Acquire();
  Status Reacquire() { return Acquire(); }
  const void* Extension(std::string_view id);

 private:
  HostingSqlite(Host host, storage::sqlite::SqliteOptions options)
      : host_(host), options_(std::move(options)), handover_(options_) {}

  // Tells the operator when the disk is full, and when it is not any more. The status as it is.
  Status Noted(Status status);

  const Host host_;
  const storage::sqlite::SqliteOptions options_;
  storage::sqlite::StoreHandover handover_;
  std::atomic<bool> open_{false};  // Health is asked while the engine comes and goes.
  std::atomic<bool> full_{false};
};

}  // namespace strata::plugins::hosting_sqlite
