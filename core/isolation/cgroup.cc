#include "core/isolation/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/base/unique_fd.h"

namespace strata::isolation {
namespace {

constexpr std::string_view kControllers[] = {"cpu", "memory", "pids"};
constexpr std::uint64_t kPeriodUs = 100'000;

std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

bool HasWord(const std::string& text, std::string_view word) {
  std::istringstream words(text);
  for (std::string each; words >> each;) {
    if (each == word) return true;
  }
  return false;
}

Status WriteText(const std::string& path, std::string_view text) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    return OkStatus();
  }
  return Unavailable("cannot write " + path + ": " + std::strerror(errno));
}

Status MakeGroup(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return OkStatus();
  return Unavailable("cannot make " + folder + ": " + std::strerror(errno));
}

Status WriteLimits(const std::string& group, const CgroupLimits& limits) {
  if (limits.memory_bytes != 0) {
    STRATA_RETURN_IF_ERROR(WriteText(group + "/memory.max", std::to_string(limits.memory_bytes)));
    // Kernels without swap have no such file, and none that fills up either.
    static_cast<void>(WriteText(group + "/memory.swap.max", "0"));
    static_cast<void>(WriteText(group + "/memory.oom.group", "1"));
  }
  if (limits.cpu_percent != 0) {
    STRATA_RETURN_IF_ERROR(WriteText(
        group + "/cpu.max",
        std::to_string(limits.cpu_percent * kPeriodUs / 100) + " " + std::to_string(kPeriodUs)));
  }
  if (limits.tasks == 0) return OkStatus();
  return WriteText(group + "/pids.max", std::to_string(limits.tasks));
}

}  // namespace

Result<std::string> OwnCgroup(std::string_view groups, std::string_view mounts) {
  std::string path;
  std::istringstream group_lines{std::string(groups)};
  for (std::string line; std::getline(group_lines, line);) {
    if (line.starts_with("0::/")) path = line.substr(3);
  }
  std::istringstream mount_lines{std::string(mounts)};
  for (std::string line; !path.empty() && std::getline(mount_lines, line);) {
    // "36 35 98:0 ROOT POINT OPTIONS ... - TYPE SOURCE ...", proc(5)
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string skipped;
    std::string root;
    std::string point;
    words >> skipped >> skipped >> skipped >> root >> point;
    if (root != "/" && path.starts_with(root)) path.erase(0, root.size());
    return path == "/" ? point : point + path;
  }
  return NotFound("no cgroup v2 is mounted");
}

Result<std::shared_ptr<CgroupTree>> CgroupTree::Open() {
  STRATA_ASSIGN_OR_RETURN(std::string folder, OwnCgroup(ReadText("/proc/self/cgroup"),
                                                        ReadText("/proc/self/mountinfo")));
  return OpenAt(std::move(folder));
}

Result<std::shared_ptr<CgroupTree>> CgroupTree::OpenAt(std::string folder) {
  const std::shared_ptr<CgroupTree> tree(new CgroupTree(std::move(folder)));
  STRATA_RETURN_IF_ERROR(tree->EnableControllers());
  return tree;
}

Status CgroupTree::EnableControllers() const {
  const std::string offered = ReadText(folder_ + "/cgroup.controllers");
  const std::string control = folder_ + "/cgroup.subtree_control";
  const std::string enabled = ReadText(control);
  std::string wanted;
  for (const std::string_view name : kControllers) {
    if (!HasWord(offered, name)) {
      return Unavailable("no controller \"" + std::string(name) + "\" in " + folder_);
    }
    if (!HasWord(enabled, name)) wanted += (wanted.empty() ? "+" : " +") + std::string(name);
  }
  if (wanted.empty() || WriteText(control, wanted).ok()) return OkStatus();
  const std::string own = folder_ + "/strata-core";
  STRATA_RETURN_IF_ERROR(MakeGroup(own));
  STRATA_RETURN_IF_ERROR(WriteText(own + "/cgroup.procs", std::to_string(::getpid())));
  return WriteText(control, wanted);
}

CgroupTree::~CgroupTree() {
  const base::MutexLock lock(mutex_);
  Sweep();
}

Status CgroupTree::Confine(std::string_view slot, pid_t process, const CgroupLimits& limits) {
  const std::string number = std::to_string(process);
  const std::string group = folder_ + "/strata-" + std::string(slot) + "-" + number;
  {
    const base::MutexLock lock(mutex_);
    Sweep();
    groups_.push_back(group);
  }
  STRATA_RETURN_IF_ERROR(MakeGroup(group));
  STRATA_RETURN_IF_ERROR(WriteLimits(group, limits));
  return WriteText(group + "/cgroup.procs", number);
}

// The system refuses to remove a group that has processes.
void CgroupTree::Sweep() {
  std::erase_if(groups_, [](const std::string& group) {
    return ::rmdir(group.c_str()) == 0 || errno == ENOENT;
  });
}

}  // namespace strata::isolation
