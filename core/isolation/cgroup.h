#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"

namespace strata::isolation {

// 0: no bound.
struct CgroupLimits {
  std::uint64_t memory_bytes = 0;  // memory.max, and no swap beyond it
  std::uint64_t cpu_percent = 0;   // cpu.max, of one processor
  std::uint64_t tasks = 0;         // pids.max

  bool any() const { return memory_bytes != 0 || cpu_percent != 0 || tasks != 0; }
};

// The part of the cgroup v2 hierarchy that was delegated to the core: the group that it was started
// in, when it may make groups there (systemd: Delegate=yes). Each process with limits gets a group
// of its own below (docs.kernel.org/admin-guide/cgroup-v2.html). Thread-safe.
class CgroupTree final {
 public:
  // Of the core's own process. UNAVAILABLE says what is missing.
  static Result<std::shared_ptr<CgroupTree>> Open();
  // The same in `folder`. A group with processes cannot limit its children, so the core moves into
  // a group below it ("strata-core") when that is what stands in the way.
  static Result<std::shared_ptr<CgroupTree>> OpenAt(std::string folder);

  ~CgroupTree();
  CgroupTree(const CgroupTree&) = delete;
  CgroupTree& operator=(const CgroupTree&) = delete;

  // Puts a process into a new group with these limits, named after the slot. What it has reserved
  // before stays with the core's group. Removes groups whose processes have ended. UNAVAILABLE: the
  // system refused; the process runs without limits.
  Status Confine(std::string_view slot, pid_t process, const CgroupLimits& limits);

 private:
  explicit CgroupTree(std::string folder) : folder_(std::move(folder)) {}
  Status EnableControllers() const;
  void Sweep() STRATA_REQUIRES(mutex_);

  const std::string folder_;
  base::Mutex mutex_;
  std::vector<std::string> groups_ STRATA_GUARDED_BY(mutex_);
};

// The folder of the process's own group, from the texts of /proc/self/cgroup and
// /proc/self/mountinfo. NOT_FOUND: it is in none of version 2.
Result<std::string> OwnCgroup(std::string_view groups, std::string_view mounts);

}  // namespace strata::isolation
