#include "core/isolation/isolator.h"

#include <unistd.h>

#include <utility>

#include "core/isolation/slot_folder.h"

namespace strata::isolation {

using host::RunConfig;

RemoteSpec Isolator::ProcessSpecOf(const host::OutsideRequest& request) const {
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
  return spec;
}

Result<std::shared_ptr<const strata_plugin>> Isolator::Open(const host::OutsideRequest& request) {
  if (request.slot.run.mode == RunConfig::Mode::kProcess) {
    return RemotePlugin::Open(ProcessSpecOf(request));
  }
  return Unimplemented("endpoint and command are not there yet");
}

host::OutsideReport Isolator::Report(const strata_plugin* plugin) const {
  const RemotePlugin* const remote = RemotePlugin::Of(plugin);
  if (remote == nullptr) return {};
  const RemoteReport report = remote->Report();
  return {report.pid, report.restarts};
}

}  // namespace strata::isolation
