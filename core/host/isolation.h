#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/status.h"
#include "core/host/package.h"
#include "core/host/stack_file.h"

namespace strata::host {

// What is to run outside of this process.
struct OutsideRequest {
  const SlotConfig& slot;
  const Package& package;      // Of `endpoint` and `command`: only a manifest (OutsidePackage).
  std::string image;           // The verified shared object in the store; empty: as above.
  std::string state_dir;       // Absolute.
  std::string base_dir;        // Paths in the stack file are relative to it.
  std::string data_dir;        // Absolute; the core's own.
  std::string_view contracts;  // Serialized FileDescriptorSet of the core's contracts.
  std::chrono::milliseconds start_timeout{30'000};
};

struct OutsideReport {
  std::int32_t pid = 0;  // 0: no process now, or none that is ours.
  std::uint32_t restarts = 0;
  std::uint32_t crashes = 0;  // How often it has ended by itself, or could not be started again.
};

// Runs the code of slots outside of this process. Implemented by core/isolation and given to the
// stack by the program, so that the host needs no gRPC. Thread-safe.
class Isolation {
 public:
  virtual ~Isolation() = default;

  // A vtable like that of loaded code; what it runs ends with its last owner. Blocks. Errors:
  // FAILED_PRECONDITION: the code was refused; UNAVAILABLE: it could not be started or reached;
  // INVALID_ARGUMENT: the slot's settings cannot be had.
  virtual Result<std::shared_ptr<const strata_plugin>> Open(const OutsideRequest& request) = 0;

  // Of what the vtable's create gave, or, before that (null), of what it will use first. The vtable
  // may be any: nothing is reported of loaded code.
  virtual OutsideReport Report(const strata_plugin* plugin, void* instance) const = 0;
};

// What stands for the package of a slot with `endpoint` or `command`: a manifest made of the slot's
// own `provides` and `layer`.
Package OutsidePackage(const SlotConfig& slot);

}  // namespace strata::host
