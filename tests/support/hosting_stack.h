#pragma once

#include <strata/plugin_abi.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "strata/hosting/v1/hosting.strata.h"
#include "tests/support/fake_host.h"

namespace strata::testing {

// One hosting plugin of a stack.
struct HostingLayer {
  std::string slot;
  const strata_plugin* (*plugin)(std::uint32_t host_abi_minor);
  std::string config = "{}";
  std::map<std::string, std::string> bindings = {};
};

// Hosting plugins on top of each other, each with a state folder of its own that lives as long as
// this object. Not thread-safe; the clients are.
class HostingStack {
 public:
  explicit HostingStack(std::vector<HostingLayer> layers) : layers_(std::move(layers)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "strata-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~HostingStack() {
    Stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  HostingStack(const HostingStack&) = delete;
  HostingStack& operator=(const HostingStack&) = delete;

  // Starts all, the first one first, and waits until the last one is healthy.
  Status Start() {
    host_ = std::make_unique<FakeHost>();
    for (const HostingLayer& layer : layers_) STRATA_RETURN_IF_ERROR(Add(layer));
    return AwaitHealth(layers_.back().slot);
  }
  void Stop() { host_.reset(); }
  Status Restart() {
    Stop();
    return Start();
  }
  Status AwaitHealth(const std::string& slot) {
    Status health = host_->Health(slot);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (health.code() == Code::kUnavailable && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
      health = host_->Health(slot);
    }
    return health;
  }

  std::vector<HostingLayer>& layers() { return layers_; }
  FakeHost& host() { return *host_; }
  const std::string& folder() const { return folder_; }
  std::string FolderOf(const std::string& slot) const { return folder_ + "/" + slot; }
  const Context& context() { return request_.context(); }
  strata::hosting::v1::HostingClient Client(const std::string& slot) {
    return strata::hosting::v1::HostingClient(host_->Client(), slot);
  }

 private:
  Status Add(const HostingLayer& layer) {
    std::filesystem::create_directories(FolderOf(layer.slot));
    host_->SetStateDir(FolderOf(layer.slot));
    return host_->Add(layer.slot, layer.plugin(0), layer.config, layer.bindings);
  }

  std::vector<HostingLayer> layers_;
  std::string folder_;
  std::unique_ptr<FakeHost> host_;
  FakeRequest request_;
};

}  // namespace strata::testing
