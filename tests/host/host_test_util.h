#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/host/stack.h"

namespace strata::host {

// A folder of its own, removed with everything in it.
class TempDir final {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// Folder of a broken plugin of tests/fixtures/plugins, and of the plugins of this folder.
std::string FixturePackage(std::string_view name);
std::string FixturePath();
std::string PluginPath();

// What a gateway would pass to Pin::Call. Thread-safe where the ops are.
class IngressCall final {
 public:
  explicit IngressCall(std::string request = {});
  IngressCall(const IngressCall&) = delete;
  IngressCall& operator=(const IngressCall&) = delete;

  strata_call* call() { return &c_; }
  void SetAuth(std::string auth);
  void AddMetadata(std::string key, std::string value);
  // What the client streams.
  void AddRequest(std::string message) { requests_.push_back(std::move(message)); }
  // The client goes away.
  void Cancel();
  void WaitForResponses(std::size_t count);

  std::vector<std::string> responses() const;
  std::string message() const;
  // Runs on each response; its code is what write answers.
  std::function<strata_code()> on_response;

 private:
  struct C : strata_call {
    IngressCall* self;
  };
  static IngressCall& Of(strata_call* c) { return *static_cast<C*>(c)->self; }
  static const strata_call_ops kOps;

  C c_{};
  std::string request_;
  std::string auth_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::vector<strata_kv> kv_;
  std::vector<std::string> requests_;
  std::size_t next_request_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> responses_;
  std::string message_;
  bool cancelled_ = false;
  std::vector<std::pair<void (*)(void*), void*>> hooks_;
};

// A stack over the test's plugins, with its log kept.
class TestStack final {
 public:
  // `slots`: the YAML below "slots:", indented by two. `head`: lines before it.
  static Result<std::unique_ptr<TestStack>> Start(const std::string& slots,
                                                  const std::string& head = "",
                                                  MakeTransfer make_transfer = nullptr);
  // Once more over what this one kept, which must have been stopped.
  Status Restart(const std::string& slots, bool as_file = false);

  Stack& operator*() { return *stack_; }
  Stack* operator->() { return stack_.get(); }
  base::MemoryLogSink& log() { return sink_; }
  const std::string& dir() const { return dir_.path(); }

  // Calls "/hosttest.data.v1.Probe/<method>" of `slot` as one request, or any other method by its
  // full name.
  strata_code Call(std::string_view slot, std::string_view method, IngressCall* call);

 private:
  Status Open(const std::string& slots, const std::string& head, bool as_file);

  TempDir dir_;
  base::MemoryLogSink sink_;
  base::SystemClock clock_;
  base::Log log_{sink_, clock_};
  MakeTransfer make_transfer_;
  std::unique_ptr<Stack> stack_;
};

std::int64_t InUs(std::chrono::microseconds from_now);

}  // namespace strata::host
