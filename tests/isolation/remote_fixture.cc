#include "tests/isolation/remote_fixture.h"

#include <signal.h>

#include <cstdlib>
#include <filesystem>

#include "core/sdk/strata/abi.h"

namespace strata::testing {

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "strata-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TempFolder::~TempFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

isolation::RemoteSpec SpecOf(const std::string& state_dir, const std::string& image) {
  isolation::RemoteSpec spec;
  spec.program = STRATA_PLUGIN_HOST;
  spec.image = image.empty() ? STRATA_PROBE : image;
  spec.confinement.state_dir = state_dir;
  spec.start_timeout = std::chrono::seconds(20);
  return spec;
}

TestCall::TestCall(std::string text, std::int64_t timeout_ms)
    : strata_call{}, request_(std::move(text)) {
  struct_size = sizeof(strata_call);
  ops = &kOneRequest;
  request = abi::Bytes(request_);
  deadline_us = timeout_ms == 0 ? 0 : abi::MonotonicUs() + timeout_ms * 1000;
}

void TestCall::Stream(std::vector<std::string> requests) {
  ops = &kManyRequests;
  request = {};
  requests_.assign(requests.begin(), requests.end());
}

Code TestCall::Run(const FakeHost& host, std::string_view slot, std::string_view name) {
  return RunFull(host, slot, "/isolationtest.v1.Probe/" + std::string(name));
}

Code TestCall::RunFull(const FakeHost& host, std::string_view slot, std::string_view full) {
  const strata_host* const h = host.Client().raw();
  method = h->resolve(h, abi::Str(slot), abi::Str(full));
  return abi::ToCode(h->call(h, this));
}

void TestCall::Note(std::string what) {
  const base::MutexLock lock(mutex_);
  order.push_back(std::move(what));
}

std::string TestCall::joined() const {
  std::string out;
  for (const std::string& response : responses) out += response;
  return out;
}

namespace {

strata_code OnWrite(TestCall& self, strata_bytes bytes) {
  if (self.responses.size() >= self.refuse_after) return STRATA_CANCELLED;
  self.responses.emplace_back(abi::View(bytes));
  self.Note("write:" + self.responses.back());
  return STRATA_OK;
}

}  // namespace

const strata_call_ops TestCall::kOneRequest = {
    sizeof(strata_call_ops),
    [](strata_call* c, strata_bytes bytes) { return OnWrite(Of(c), bytes); },
    nullptr,
    [](strata_call* c) -> std::int32_t { return Of(c).source_.cancelled() ? 1 : 0; },
    [](strata_call* c, void (*fn)(void*), void* arg) { return Of(c).source_.Add(fn, arg); },
    [](strata_call* c, std::uint64_t id) { Of(c).source_.Remove(id); },
    [](strata_call* c, const strata_status* status) {
      Of(c).message = abi::View(status->message);
      Of(c).details = abi::View(status->details);
    },
    [](strata_call* c, const strata_kv* kv) {
      Of(c).trailers[std::string(abi::View(kv->key))] = abi::View(kv->value);
    },
    nullptr};

const strata_call_ops TestCall::kManyRequests = [] {
  strata_call_ops ops = kOneRequest;
  ops.read = [](strata_call* c, strata_bytes* out) -> strata_code {
    TestCall& self = Of(c);
    self.Note("read");
    if (self.requests_.empty()) return self.break_stream ? STRATA_CANCELLED : STRATA_OUT_OF_RANGE;
    self.current_ = std::move(self.requests_.front());
    self.requests_.pop_front();
    *out = abi::Bytes(self.current_);
    return STRATA_OK;
  };
  return ops;
}();

ProbeHost::ProbeHost(const std::string& config) {
  host.SetStateDir(folder.path());
  auto opened = isolation::RemotePlugin::Open(SpecOf(folder.path()));
  added = opened.status();
  if (!opened.ok()) return;
  plugin = *opened;
  added = host.Add("probe", plugin.get(), config);
}

std::string ProbeHost::Do(std::string_view request, std::string_view method) {
  TestCall call{std::string(request)};
  const Code code = call.Run(host, "probe", method);
  return code == Code::kOk ? call.joined() : std::string(CodeName(code));
}

isolation::RemoteReport ProbeHost::Report() const {
  return isolation::OutsidePlugin::Of(plugin.get())->Report();
}

void ProbeHost::Kill(int signal) { ::kill(Report().pid, signal); }

}  // namespace strata::testing
