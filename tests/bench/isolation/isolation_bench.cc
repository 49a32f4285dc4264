// Microseconds of one call, one caller, median and 99th percentile of 2,000 calls:
//   cmake --build --preset release --target isolation_bench && build/release/bin/isolation_bench
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/isolation/endpoint_plugin.h"
#include "core/isolation/server_process.h"
#include "tests/isolation/remote_fixture.h"

namespace strata::testing {
namespace {

using std::chrono::steady_clock;
using Plugin = std::shared_ptr<const strata_plugin>;

constexpr int kCalls = 2000;

Plugin InProcess() {
  void* const library = ::dlopen(STRATA_PROBE, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  const auto entry = reinterpret_cast<strata_plugin_v1_fn>(::dlsym(library, "strata_plugin_v1"));
  return {Plugin(), entry(STRATA_ABI_MINOR)};
}

Plugin Isolated(const std::string& folder) {
  auto opened = isolation::RemotePlugin::Open(SpecOf(folder));
  return opened.ok() ? *opened : nullptr;
}

Plugin Command(const std::string& folder) {
  std::ifstream in(STRATA_PROTOSET, std::ios::binary);
  std::stringstream contracts;
  contracts << in.rdbuf();
  isolation::EndpointSpec spec;
  spec.provides = {"strata.hosting.v1.Hosting"};
  spec.contracts = contracts.str();
  isolation::ServerSpec server;
  server.program = SpecOf("").program;
  server.command = {"python3", "-B", STRATA_HOSTING_SERVER};
  server.base_dir = folder;
  server.confinement.state_dir = folder + "/state";
  server.confinement.programs = true;
  auto opened = isolation::EndpointPlugin::OpenCommand(spec, server);
  return opened.ok() ? *opened : nullptr;
}

void Measure(const char* name, const Plugin& plugin, const std::string& method,
             const std::string& prefix) {
  TempFolder folder;
  FakeHost host;
  host.SetStateDir(folder.path());
  if (plugin == nullptr || !host.Add("probe", plugin.get()).ok()) {
    std::printf("| %s | could not be started |\n", name);
    return;
  }
  std::printf("| %s |", name);
  for (const std::size_t size : {64u, 2048u, 65536u}) {
    const std::string request = prefix + std::string(size, 'x');
    std::vector<double> micros;
    for (int i = 0; i < kCalls + 100; ++i) {
      TestCall call(request);
      const auto begun = steady_clock::now();
      const Code code = call.RunFull(host, "probe", method);
      if (code != Code::kOk) continue;
      const std::chrono::duration<double, std::micro> took = steady_clock::now() - begun;
      if (i >= 100) micros.push_back(took.count());
    }
    std::sort(micros.begin(), micros.end());
    if (micros.empty()) return;
    std::printf(" %.1f / %.1f |", micros[micros.size() / 2], micros[micros.size() * 99 / 100]);
  }
  std::printf("\n");
}

void Run() {
  TempFolder folder;
  std::printf("| unary call, us, p50 / p99 | 64 B | 2 KiB | 64 KiB |\n|---|---|---|---|\n");
  Measure("in-process", InProcess(), "/isolationtest.v1.Probe/Do", "echo ");
  Measure("process", Isolated(folder.path()), "/isolationtest.v1.Probe/Do", "echo ");
  Measure("command (Python)", Command(folder.path()), "/strata.hosting.v1.Hosting/Get", "");
}

}  // namespace
}  // namespace strata::testing

int main() { strata::testing::Run(); }
