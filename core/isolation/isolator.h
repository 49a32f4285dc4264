#pragma once

#include <cstdint>
#include <string>

#include "core/base/log.h"
#include "core/host/isolation.h"
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
  host::OutsideReport Report(const strata_plugin* plugin) const override;

 private:
  static EndpointSpec EndpointSpecOf(const host::OutsideRequest& request);
  RemoteSpec ProcessSpecOf(const host::OutsideRequest& request) const;

  base::Log& log_;
  const std::string program_;
};

}  // namespace strata::isolation
