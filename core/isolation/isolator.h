#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/host/isolation.h"
#include "core/isolation/cgroup.h"
#include "core/isolation/endpoint_plugin.h"
#include "core/isolation/remote_plugin.h"

namespace strata::isolation {

// Runs slots outside of this process, as their stack file says. One per program. Thread-safe.
class Isolator final : public host::Isolation {
 public:
  // `program`: has the command `plugin-host`.
  explicit Isolator(base::Log& log, std::string program = "/proc/self/exe")
      : log_(log), program_(std::move(program)) {}

  Result<std::shared_ptr<const strata_plugin>> Open(const host::OutsideRequest& request) override;
  host::OutsideReport Report(const strata_plugin* plugin, void* instance) const override;

 private:
  static EndpointSpec EndpointSpecOf(const host::OutsideRequest& request);
  RemoteSpec ProcessSpecOf(const host::OutsideRequest& request);
  void Limit(const host::OutsideRequest& request, RemoteSpec* spec);
  // Looked for when a slot has limits for the first time.
  Result<std::shared_ptr<CgroupTree>> Groups();

  base::Log& log_;
  const std::string program_;
  base::Mutex groups_mutex_;
  // shared: with the plugins whose processes are in its groups.
  std::optional<Result<std::shared_ptr<CgroupTree>>> groups_ STRATA_GUARDED_BY(groups_mutex_);
};

}  // namespace strata::isolation
