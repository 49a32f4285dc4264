#pragma once

#include "core/base/status.h"

namespace strata::isolation {

// What a process may not ask of the kernel, for good and for all its threads (README.md lists the
// calls). Refused calls answer EPERM; calls of another architecture end the process.
struct SyscallRules {
  bool network = false;   // Sockets other than socketpairs (of programs: than unix sockets).
  bool programs = false;  // exec, fork, and signals to what it started.
};

// UNAVAILABLE: the kernel has no seccomp filters.
Status FilterSyscalls(const SyscallRules& rules);

}  // namespace strata::isolation
