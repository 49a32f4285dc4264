#include "plugins/hosting_memory/hosting_memory.h"

#include <filesystem>

#include "storage/service/config.h"

namespace strata::plugins::hosting_memory {

using storage::service::Config;

Result<std::unique_ptr<HostingMemory>> HostingMemory::Create(Host host,
                                                             std::string_view config_json) {
  STRATA_ASSIGN_OR_RETURN(const Config config, Config::Parse(config_json, {"feed_mib"}));
  std::int64_t feed_mib = 16;
  STRATA_RETURN_IF_ERROR(config.Read("feed_mib", 1, 4096, &feed_mib));
  storage::memory::MemoryOptions options;
  options.clock.wall_us = [host] { return host.NowUs(); };
  options.feed_bytes = static_cast<std::size_t>(feed_mib) << 20;
  return std::unique_ptr<HostingMemory>(new HostingMemory(options));
}

Status HostingMemory::Start() {
  SetEngine(storage::memory::OpenMemoryEngine(options_),
            std::filesystem::temp_directory_path().string());
  return OkStatus();
}

void HostingMemory::Stop() { static_cast<void>(CloseEngine()); }

}  // namespace strata::plugins::hosting_memory
