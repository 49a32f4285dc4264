#include "plugins/hosting_sqlite/hosting_sqlite.h"

#include <strata/handover.h>

#include <string>
#include <utility>

#include "storage/service/config.h"

namespace strata::plugins::hosting_sqlite {
namespace {

using storage::service::Config;
using storage::sqlite::SqliteOptions;

constexpr std::int64_t kMostMib = 1 << 20;

// Reads a size in MiB into a number of bytes.
template <typename T>
Status ReadMib(const Config& config, std::string_view name, std::int64_t least, T* bytes) {
  auto mib = static_cast<std::int64_t>(*bytes >> 20);
  STRATA_RETURN_IF_ERROR(config.Read(name, least, kMostMib, &mib));
  *bytes = static_cast<T>(mib) << 20;
  return OkStatus();
}

Status ReadHours(const Config& config, std::string_view name, std::int64_t least,
                 std::chrono::microseconds* time) {
  std::int64_t hours = std::chrono::duration_cast<std::chrono::hours>(*time).count();
  STRATA_RETURN_IF_ERROR(config.Read(name, least, 24 * 3660, &hours));
  *time = std::chrono::hours(hours);
  return OkStatus();
}

Result<SqliteOptions> ParseOptions(std::string_view json) {
  STRATA_ASSIGN_OR_RETURN(
      const Config config,
      Config::Parse(json, {"path", "cache_mib", "page_kib", "feed_mib", "feed_hours",
                           "request_id_hours", "checkpoint_mib", "restart_mib", "expire_mib"}));
  SqliteOptions options;
  STRATA_RETURN_IF_ERROR(config.Read("path", &options.folder));
  STRATA_RETURN_IF_ERROR(ReadMib(config, "cache_mib", 1, &options.cache_bytes));
  std::int64_t page_kib = options.page_bytes / 1024;
  STRATA_RETURN_IF_ERROR(config.Read("page_kib", 4, 64, &page_kib));
  options.page_bytes = static_cast<std::uint32_t>(page_kib * 1024);
  STRATA_RETURN_IF_ERROR(ReadMib(config, "feed_mib", 1, &options.feed_bytes));
  STRATA_RETURN_IF_ERROR(ReadHours(config, "feed_hours", 1, &options.feed_age));
  STRATA_RETURN_IF_ERROR(ReadHours(config, "request_id_hours", 24, &options.request_id_age));
  STRATA_RETURN_IF_ERROR(ReadMib(config, "checkpoint_mib", 1, &options.checkpoint_bytes));
  STRATA_RETURN_IF_ERROR(ReadMib(config, "restart_mib", 1, &options.restart_bytes));
  STRATA_RETURN_IF_ERROR(ReadMib(config, "expire_mib", 1, &options.expire_bytes));
  return options;
}

}  // namespace

Result<std::unique_ptr<HostingSqlite>> HostingSqlite::Create(Host host,
                                                             std::string_view config_json) {
  STRATA_ASSIGN_OR_RETURN(SqliteOptions options, ParseOptions(config_json));
  if (options.folder.empty()) options.folder = host.StateDir();
  if (options.folder.empty()) {
    return InvalidArgument("\"path\" is not set and the core gave no state folder");
  }
  STRATA_RETURN_IF_ERROR(storage::sqlite::Validate(options));
  options.clock.wall_us = [host] { return host.NowUs(); };
  return std::unique_ptr<HostingSqlite>(new HostingSqlite(host, std::move(options)));
}

Status HostingSqlite::Start() {
  if (!HandoverPending(host_)) return Acquire();
  if (const Status prepared = handover_.Prepare(); !prepared.ok()) {
    host_.Info("hosting_sqlite.not_prepared", {{"why", prepared.message()}});
  }
  return OkStatus();
}

Status HostingSqlite::Acquire() {
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<storage::Engine> engine, handover_.Acquire());
  const storage::Description description = engine->Describe();
  host_.Info("hosting_sqlite.opened", {{"store", description.store_id},
                                       {"last_version", description.last_version},
                                       {"size_bytes", description.size_bytes}});
  SetEngine(std::move(engine), options_.folder);
  open_ = true;
  return OkStatus();
}

Status HostingSqlite::Noted(Status status) {
  const bool full = status.code() == Code::kResourceExhausted;
  if ((!full && !status.ok()) || full_ == full || full_.exchange(full) == full) return status;
  if (full) {
    host_.Error("hosting_sqlite.no_space",
                {{"folder", options_.folder}, {"reason", status.message()}});
  } else {
    host_.Info("hosting_sqlite.space_again", {{"folder", options_.folder}});
  }
  return status;
}

Status HostingSqlite::Health() { return open_ ? OkStatus() : Unavailable("the store is not open"); }

Status HostingSqlite::Release() {
  open_ = false;
  return ReleaseEngine();
}

const void* HostingSqlite::Extension(std::string_view id) {
  return HandoverExtension<HostingSqlite>(id);
}

void HostingSqlite::Stop() {
  open_ = false;
  const Status closed = CloseEngine();
  // Nothing is lost: the next start copies the log instead.
  if (!closed.ok()) host_.Warning("hosting_sqlite.close_failed", {{"why", closed.message()}});
}

}  // namespace strata::plugins::hosting_sqlite
