#pragma once

#include <strata/plugin.h>

#include <memory>
#include <string_view>

#include "storage/memory/memory_engine.h"
#include "storage/service/engine_service.h"

namespace strata::plugins::hosting_memory {

// The memory engine behind the hosting contract; its store lives from Start to Stop. Configuration:
// README.md.
class HostingMemory final : public storage::service::EngineService {
 public:
  static Result<std::unique_ptr<HostingMemory>> Create(Host host, std::string_view config_json);

  Status Start();
  void Stop();

 private:
  explicit HostingMemory(const storage::memory::MemoryOptions& options) : options_(options) {}
  const storage::memory::MemoryOptions options_;
};

}  // namespace strata::plugins::hosting_memory
