#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::json {
class Value;
}

namespace strata::host {

// How and where the code of a slot runs (core/isolation/README.md has the keys).
struct RunConfig {
  enum class Mode : std::uint8_t {
    kInProcess,  // plugin.so in the core
    kProcess,    // plugin.so in a process of its own
    kEndpoint,   // a gRPC server that somebody else runs
    kCommand,    // a gRPC server that the core starts
  };
  Mode mode = Mode::kInProcess;

  // Of kProcess and kCommand. 0: no bound.
  std::size_t memory_mib = 0;
  std::size_t cpu_percent = 0;  // Of one processor.
  std::size_t tasks = 0;
  bool network = false;

  // Of kEndpoint.
  std::string endpoint;  // "unix:/path" or "host:port"
  std::string tls_ca;
  std::string tls_cert;
  std::string tls_key;

  std::vector<std::string> command;  // Of kCommand.

  // Of kEndpoint and kCommand, which have no manifest.
  std::vector<std::string> provides;
  std::string layer;

  bool operator==(const RunConfig&) const = default;
};

// "in-process", "process", "endpoint" or "command", as in strata.core.v1.Slot.isolation.
std::string_view ModeName(RunConfig::Mode mode);

// Sets the mode and checks that the keys of a slot go together; `has_plugin`: it names a package.
// INVALID_ARGUMENT says what is wrong.
Status CompleteRunConfig(bool has_plugin, bool isolation_given, RunConfig* run);

// As JSON and back, for what outlives the core. Nothing: kInProcess.
std::string RunJson(const RunConfig& run);
RunConfig ReadRunJson(const json::Value& value);

}  // namespace strata::host
