#include "core/isolation/sandbox.h"

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/isolation/file_view.h"
#include "core/isolation/seccomp.h"

namespace strata::isolation {
namespace {

constexpr int kLastCapability = 63;

Status Failed(const std::string& what) { return Unavailable(what + ": " + std::strerror(errno)); }

void Limit(__rlimit_resource what, std::uint64_t value) {
  const rlimit limit{value, value};
  ::setrlimit(what, &limit);
}

// Coarser than a cgroup: what is reserved counts, not what is used, so the stacks of threads need
// room of their own.
void LimitResources(const Confinement& confinement) {
  constexpr std::uint64_t kStack = std::uint64_t{1} << 20;
  constexpr std::uint64_t kRoom = std::uint64_t{64} << 20;
  Limit(RLIMIT_CORE, 0);  // A core file holds records.
  Limit(RLIMIT_NOFILE, 4096);
  if (confinement.memory_bytes != 0) {
    Limit(RLIMIT_STACK, kStack);
    Limit(RLIMIT_DATA, confinement.memory_bytes + kRoom);
  }
  // Counts what the user runs, and the user is the slot's own.
  if (confinement.tasks != 0 && confinement.uid != 0) Limit(RLIMIT_NPROC, confinement.tasks);
}

Status DropPrivileges(std::uint32_t uid) {
  for (int capability = 0; capability <= kLastCapability; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) {
      return Failed("cannot drop a capability");
    }
  }
  if (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 ||
      ::setresuid(uid, uid, uid) != 0) {
    return Failed("cannot become user " + std::to_string(uid));
  }
  return OkStatus();
}

Status ConfineFiles(const Confinement& confinement, std::vector<std::string>* missing) {
  if (confinement.programs) return OkStatus();  // Where its files are, only its author knows.
  FileView view;
  view.read = SystemPaths();
  view.read.insert(view.read.end(), confinement.read.begin(), confinement.read.end());
  if (!confinement.state_dir.empty()) view.write.push_back(confinement.state_dir);
  if (confinement.uid != 0) return EnterPrivateRoot(view);
  if (const Status restricted = RestrictFiles(view); !restricted.ok()) {
    missing->push_back("a view of files of its own (" + restricted.message() + ")");
  }
  return OkStatus();
}

}  // namespace

Status Confine(const Confinement& confinement, std::vector<std::string>* missing) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("no_new_privs");
  if (confinement.uid != 0 && !confinement.network && ::unshare(CLONE_NEWNET) != 0) {
    missing->emplace_back("a network of its own");
  }
  STRATA_RETURN_IF_ERROR(ConfineFiles(confinement, missing));
  LimitResources(confinement);
  if (confinement.uid != 0) {
    STRATA_RETURN_IF_ERROR(DropPrivileges(confinement.uid));
  } else {
    missing->emplace_back("a user of its own (the core is not root)");
  }
  // After the change of user, which resets it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return Failed("PR_SET_PDEATHSIG");
  const Status filtered = FilterSyscalls({confinement.network, confinement.programs});
  if (!filtered.ok()) missing->push_back("a filter of system calls (" + filtered.message() + ")");
  return OkStatus();
}

std::vector<std::string> ToWords(const Confinement& confinement) {
  std::vector<std::string> out = {"uid=" + std::to_string(confinement.uid),
                                  "state=" + confinement.state_dir,
                                  "memory=" + std::to_string(confinement.memory_bytes),
                                  "tasks=" + std::to_string(confinement.tasks)};
  for (const std::string& path : confinement.read) out.push_back("read=" + path);
  if (confinement.network) out.emplace_back("network");
  if (confinement.programs) out.emplace_back("programs");
  return out;
}

Result<Confinement> FromWords(const std::vector<std::string_view>& words) {
  Confinement out;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    const std::string_view key = word.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    std::uint64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    if (key == "uid") {
      out.uid = static_cast<std::uint32_t>(number);
    } else if (key == "state") {
      out.state_dir = value;
    } else if (key == "read") {
      out.read.emplace_back(value);
    } else if (key == "memory") {
      out.memory_bytes = number;
    } else if (key == "tasks") {
      out.tasks = number;
    } else if (key == "network") {
      out.network = true;
    } else if (key == "programs") {
      out.programs = true;
    } else {
      return InvalidArgument("plugin-host: unknown word " + std::string(word));
    }
  }
  return out;
}

}  // namespace strata::isolation
