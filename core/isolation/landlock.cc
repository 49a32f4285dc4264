#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/unique_fd.h"
#include "core/isolation/file_view.h"

// Source: Documentation/userspace-api/landlock.rst of the kernel.
namespace strata::isolation {
namespace {

// Newer than Debian's headers: linux/landlock.h of 6.2.
constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14;

constexpr std::uint64_t kRead =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWrite = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                 LANDLOCK_ACCESS_FS_MAKE_FIFO;
constexpr std::uint64_t kNever =
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
// What makes sense for a file.
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                   LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

Status Failed(const std::string& what) { return Unavailable(what + ": " + std::strerror(errno)); }

Status Allow(int rules, const std::string& path, std::uint64_t access) {
  const base::UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return OkStatus();  // Not there: nothing to allow.
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(info.st_mode) ? access : access & kOfFiles;
  rule.parent_fd = fd.get();
  if (::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return Failed("landlock: " + path);
  }
  return OkStatus();
}

}  // namespace

Status RestrictFiles(const FileView& view) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return Failed("no Landlock");
  std::uint64_t write = kWrite;
  if (version >= 3) write |= kTruncate;
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = kRead | write | kNever;
  if (version >= 2) handled.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  const base::UniqueFd rules(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0)));
  if (!rules) return Failed("landlock");
  for (const std::string& path : view.read) {
    STRATA_RETURN_IF_ERROR(Allow(rules.get(), path, kRead));
  }
  for (const char* path : {"/dev/null", "/dev/zero"}) {
    STRATA_RETURN_IF_ERROR(Allow(rules.get(), path, LANDLOCK_ACCESS_FS_WRITE_FILE));
  }
  for (const std::string& path : view.write) {
    STRATA_RETURN_IF_ERROR(Allow(rules.get(), path, (kRead & ~LANDLOCK_ACCESS_FS_EXECUTE) | write));
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) return Failed("landlock");
  return OkStatus();
}

}  // namespace strata::isolation
