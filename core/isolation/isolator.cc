#include "core/isolation/isolator.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "core/isolation/server_process.h"
#include "core/isolation/slot_folder.h"

namespace strata::isolation {

using host::RunConfig;

Result<std::shared_ptr<CgroupTree>> Isolator::Groups() {
  const base::MutexLock lock(groups_mutex_);
  if (!groups_) groups_ = CgroupTree::Open();
  return *groups_;
}

// By a cgroup of its own where the core may make some; else as far as resource limits go.
void Isolator::Limit(const host::OutsideRequest& request, RemoteSpec* spec) {
  const RunConfig& run = request.slot.run;
  const CgroupLimits limits{std::uint64_t{run.memory_mib} << 20, run.cpu_percent, run.tasks};
  if (!limits.any()) return;
  const auto groups = Groups();
  if (groups.ok()) {
    spec->confinement.memory_bytes = 0;  // memory.max counts what is used, which is better.
    spec->started = [groups = *groups, slot = request.slot.name, limits](
                        Process& process, std::vector<std::string>* missing) {
      const Status confined = groups->Confine(slot, process.pid(), limits);
      if (!confined.ok()) missing->push_back("limits (" + confined.message() + ")");
      return OkStatus();
    };
    return;
  }
  std::string what;
  if (limits.cpu_percent != 0) what = "cpu_percent";
  if (limits.memory_bytes != 0) {
    what +=
        std::string(what.empty() ? "" : " and ") + "a bound of memory in use (RLIMIT_DATA only)";
  }
  if (what.empty()) return;
  spec->started = [what = what + ": no cgroup v2 is delegated to the core, " +
                          groups.status().message()](Process&, std::vector<std::string>* missing) {
    missing->push_back(what);
    return OkStatus();
  };
}

RemoteSpec Isolator::ProcessSpecOf(const host::OutsideRequest& request) {
  const RunConfig& run = request.slot.run;
  RemoteSpec spec;
  spec.program = program_;
  spec.image = request.image;
  spec.start_timeout = request.start_timeout;
  spec.contracts = request.contracts;
  Confinement& confinement = spec.confinement;
  confinement.uid = SlotUid(request.slot.name);
  confinement.state_dir = request.state_dir;
  confinement.read = {request.package.dir};
  confinement.network = run.network;
  confinement.memory_bytes = std::uint64_t{run.memory_mib} << 20;
  confinement.tasks = run.tasks;
  spec.prepare = [dir = request.state_dir, uid = confinement.uid](std::vector<std::string>*) {
    return PrepareFolder(dir, uid);
  };
  Limit(request, &spec);
  return spec;
}

EndpointSpec Isolator::EndpointSpecOf(const host::OutsideRequest& request) {
  const RunConfig& run = request.slot.run;
  const auto path = [&](const std::string& file) {
    return file.empty() ? file : (std::filesystem::path(request.base_dir) / file).string();
  };
  EndpointSpec spec;
  spec.address = run.endpoint;
  spec.ca = path(run.tls_ca);
  spec.cert = path(run.tls_cert);
  spec.key = path(run.tls_key);
  spec.layer = run.layer;
  spec.provides = run.provides;
  spec.contracts = request.contracts;
  return spec;
}

Result<std::shared_ptr<const strata_plugin>> Isolator::Open(const host::OutsideRequest& request) {
  if (request.slot.run.mode == RunConfig::Mode::kProcess) {
    return RemotePlugin::Open(ProcessSpecOf(request));
  }
  if (request.slot.run.mode == RunConfig::Mode::kEndpoint) {
    return EndpointPlugin::Open(EndpointSpecOf(request));
  }
  ServerSpec server;
  server.program = program_;
  server.command = request.slot.run.command;
  server.base_dir = std::filesystem::absolute(request.base_dir.empty() ? "." : request.base_dir);
  server.slot = request.slot.name;
  RemoteSpec process = ProcessSpecOf(request);
  server.confinement = std::move(process.confinement);
  server.started = std::move(process.started);
  server.confinement.programs = true;
  server.start_timeout = request.start_timeout;
  return EndpointPlugin::OpenCommand(EndpointSpecOf(request), std::move(server));
}

host::OutsideReport Isolator::Report(const strata_plugin* plugin, void* instance) const {
  const OutsidePlugin* remote = OutsidePlugin::Of(plugin);
  if (remote == nullptr) return {};
  if (instance != nullptr) remote = static_cast<const OutsidePlugin*>(instance);
  const RemoteReport report = remote->Report();
  return {report.pid, report.restarts, report.crashes};
}

}  // namespace strata::isolation
