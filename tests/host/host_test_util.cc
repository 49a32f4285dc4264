#include "tests/host/host_test_util.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/sdk/strata/abi.h"

namespace strata::host {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "strata-test-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string FixturePath() { return STRATA_FIXTURE_PLUGINS; }
std::string FixturePackage(std::string_view name) {
  return FixturePath() + "/" + std::string(name);
}
std::string PluginPath() { return STRATA_TEST_PLUGINS; }

const strata_call_ops IngressCall::kOps = {
    sizeof(strata_call_ops),
    [](strata_call* c, strata_bytes message) -> strata_code {
      IngressCall& self = Of(c);
      {
        const std::lock_guard<std::mutex> lock(self.mutex_);
        self.responses_.emplace_back(abi::View(message));
      }
      self.changed_.notify_all();
      return self.on_response ? self.on_response() : STRATA_OK;
    },
    [](strata_call* c, strata_bytes* out) -> strata_code {
      IngressCall& self = Of(c);
      if (self.next_request_ == self.requests_.size()) return STRATA_OUT_OF_RANGE;
      *out = abi::Bytes(self.requests_[self.next_request_++]);
      return STRATA_OK;
    },
    [](strata_call* c) -> std::int32_t {
      const std::lock_guard<std::mutex> lock(Of(c).mutex_);
      return Of(c).cancelled_ ? 1 : 0;
    },
    [](strata_call* c, void (*fn)(void*), void* arg) -> std::uint64_t {
      const std::lock_guard<std::mutex> lock(Of(c).mutex_);
      if (Of(c).cancelled_) return 0;
      Of(c).hooks_.emplace_back(fn, arg);
      return Of(c).hooks_.size();
    },
    [](strata_call* c, std::uint64_t id) {
      const std::lock_guard<std::mutex> lock(Of(c).mutex_);
      Of(c).hooks_[id - 1].first = nullptr;
    },
    [](strata_call* c, const strata_status* status) {
      const std::lock_guard<std::mutex> lock(Of(c).mutex_);
      Of(c).message_ = abi::View(status->message);
    },
    [](strata_call*, const strata_kv*) {},
    nullptr};

IngressCall::IngressCall(std::string request) : request_(std::move(request)) {
  c_.self = this;
  c_.struct_size = sizeof(strata_call);
  c_.ops = &kOps;
  c_.request = abi::Bytes(request_);
}

void IngressCall::SetAuth(std::string auth) {
  auth_ = std::move(auth);
  c_.auth = abi::Bytes(auth_);
}

void IngressCall::AddMetadata(std::string key, std::string value) {
  metadata_.emplace_back(std::move(key), std::move(value));
  kv_.clear();
  for (const auto& [k, v] : metadata_) kv_.push_back({abi::Str(k), abi::Bytes(v)});
  c_.metadata = kv_.data();
  c_.metadata_count = kv_.size();
}

void IngressCall::Cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
  for (const auto& [fn, arg] : hooks_) {
    if (fn != nullptr) fn(arg);
  }
}

void IngressCall::WaitForResponses(std::size_t count) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return responses_.size() >= count; });
}

std::vector<std::string> IngressCall::responses() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return responses_;
}

std::string IngressCall::message() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return message_;
}

Result<std::unique_ptr<TestStack>> TestStack::Start(const std::string& slots,
                                                    const std::string& head,
                                                    MakeTransfer make_transfer) {
  auto out = std::make_unique<TestStack>();
  out->make_transfer_ = std::move(make_transfer);
  STRATA_RETURN_IF_ERROR(out->Open(slots, head, /*as_file=*/false));
  return out;
}

Status TestStack::Restart(const std::string& slots, bool as_file) {
  stack_.reset();
  return Open(slots, "", as_file);
}

Status TestStack::Open(const std::string& slots, const std::string& head, bool as_file) {
  const std::string yaml =
      "stack: test\ndata: " + dir_.path() + "/data\n" + head + "slots:\n" + slots;
  STRATA_ASSIGN_OR_RETURN(StackConfig config, ParseStack(yaml, "test.yaml"));
  StackOptions options;
  options.plugin_path = {PluginPath(), FixturePath()};
  options.health_interval = std::chrono::milliseconds(5);
  options.probation_interval = std::chrono::milliseconds(20);
  options.as_file = as_file;
  options.make_transfer = make_transfer_;
  STRATA_ASSIGN_OR_RETURN(stack_, Stack::Start(std::move(config), options, log_, clock_));
  return OkStatus();
}

strata_code TestStack::Call(std::string_view slot, std::string_view method, IngressCall* call) {
  auto pin = stack_->Enter(call->call()->deadline_us);
  if (!pin.ok()) return static_cast<strata_code>(pin.status().code());
  const std::string prefix = method.front() == '/' ? "" : "/hosttest.data.v1.Probe/";
  const auto target = (*pin)->FindMethod(slot, prefix + std::string(method));
  if (!target.ok()) return static_cast<strata_code>(target.status().code());
  return (*pin)->Call(*target, call->call());
}

std::int64_t InUs(std::chrono::microseconds from_now) {
  return abi::MonotonicUs() + from_now.count();
}

}  // namespace strata::host
