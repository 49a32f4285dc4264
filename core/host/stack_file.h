#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/host/change/change_bounds.h"
#include "core/host/run_config.h"

namespace strata::host {

// Where something stands in the stack file: "stack.yaml:12", or "--set record.x".
using Place = std::string;

// The core's own services are those of a slot of this name, which no stack file may fill.
inline constexpr std::string_view kCoreSlot = "core";

struct SlotRequirement {
  std::string slot;
  Place place;
};

// One entry below `slots:`.
struct SlotConfig {
  std::string name;
  std::string plugin;  // Folder name on the plugin path, or a path; empty with endpoint, command.
  RunConfig run;
  std::string config_json = "{}";
  std::map<std::string, SlotRequirement> requirements;  // By name of the manifest's requirement.
  bool optional = false;                                // The stack runs without it.
  bool is_default = false;  // Chosen among several providers of a service.
  Place place;
  Place plugin_place;
  std::map<std::string, Place, std::less<>> config_places;  // By path in the config ("pool.size").

  // Where the nearest part of the config around `path` stands.
  const Place& ConfigPlace(std::string_view path) const;
};

// A stack file that follows its schema (core/host/README.md). What it says about plugins is checked
// later, when their manifests are at hand.
struct StackConfig {
  std::string file;      // For errors.
  std::string base_dir;  // Paths in the file are relative to it.
  std::string name;
  std::string http = "127.0.0.1:8080";
  std::string grpc = "127.0.0.1:8081";
  // The pages for operators; empty: two ports above `http` (any, where that is any).
  std::string admin_http;
  std::string data = "strata-data";
  std::size_t max_requests = 1024;  // At once, from outside.
  std::size_t workers = 4;          // Threads for work that plugins submit.
  std::size_t max_queued_work = 1024;
  std::chrono::milliseconds start_timeout{30'000};  // Per slot.
  std::chrono::milliseconds drain_timeout{10'000};  // Requests in flight when stopping.
  std::chrono::milliseconds park_timeout{10'000};   // Requests that wait for a handover.
  ChangeBounds probation;                           // After a change; without `--probation`.
  ChangeBounds canary;                              // Of a trial by a share of the patients.
  std::vector<SlotConfig> slots;                    // In the order of the file.
  // Once started: the slots as the file has them, before what changes made of them (change/kept.h).
  std::vector<SlotConfig> file_slots;
};

// Reads a stack file. `sets` are overrides of plugin settings, "slot.key=value" with a dotted key
// and a value as YAML would read it. INVALID_ARGUMENT: every line of the message is one fault,
// "file:line: what is wrong", with the name that was probably meant.
Result<StackConfig> ParseStack(std::string_view yaml, const std::string& file,
                               std::span<const std::string> sets = {});

// The same from disk; paths in it are relative to its folder. NOT_FOUND: it cannot be read.
Result<StackConfig> LoadStackFile(const std::string& path, std::span<const std::string> sets = {});

// Whether the core may listen on HOST:PORT. INVALID_ARGUMENT: not of that form, or HOST is not a
// loopback address: as long as there is no login, only this machine may connect.
Status CheckListenAddress(std::string_view address);

}  // namespace strata::host
