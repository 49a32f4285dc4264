#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace strata::isolation {

// What a process is held to (README.md has the table). All of it is given by the core; nothing is
// read from the plugin.
struct Confinement {
  std::uint32_t uid = 0;          // 0: the core's own, because it is not root.
  std::string state_dir;          // Read and write.
  std::vector<std::string> read;  // Files and folders.
  bool network = false;
  bool programs = false;           // It may start programs: of `command:` only.
  std::uint64_t memory_bytes = 0;  // 0: no bound; where no cgroup has it.
  std::uint64_t tasks = 0;
};

// Locks this process in, for good. Before any code of the plugin is loaded, while there is one
// thread. What the system does not offer is added to *missing; an error: it must not go on.
Status Confine(const Confinement& confinement, std::vector<std::string>* missing);

// As words of a command line, and back. INVALID_ARGUMENT: a word is not one of them.
std::vector<std::string> ToWords(const Confinement& confinement);
Result<Confinement> FromWords(const std::vector<std::string_view>& words);

}  // namespace strata::isolation
