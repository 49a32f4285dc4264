#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/isolation/file_view.h"

namespace strata::isolation {
namespace {

namespace fs = std::filesystem;

// Only this process sees what is mounted here.
constexpr char kBase[] = "/tmp";

Status Failed(const std::string& what) { return Unavailable(what + ": " + std::strerror(errno)); }

// Makes what `path` is to be mounted on: a folder or an empty file, in the new root.
Status MakeTarget(const std::string& path, bool folder, std::string* target) {
  *target = kBase + path;
  std::error_code error;
  fs::create_directories(folder ? fs::path(*target) : fs::path(*target).parent_path(), error);
  if (error) return Unavailable("cannot make " + *target + ": " + error.message());
  if (!folder) std::ofstream(*target, std::ios::app).flush();
  return OkStatus();
}

// The mounts are made from descriptors that were opened before the new root hides anything.
struct Source {
  std::string path;
  int fd = -1;
  bool folder = false;
  bool write = false;
};

Status Bind(const Source& source) {
  std::string target;
  STRATA_RETURN_IF_ERROR(MakeTarget(source.path, source.folder, &target));
  const std::string from = "/proc/self/fd/" + std::to_string(source.fd);
  if (::mount(from.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return Failed("cannot show " + source.path);
  }
  const bool device = source.path.starts_with("/dev/");
  const unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID | (device ? MS_NOEXEC : MS_NODEV) |
                              (source.write ? MS_NOEXEC : MS_RDONLY);
  if (::mount(nullptr, target.c_str(), nullptr, flags, nullptr) != 0) {
    return Failed("cannot close " + source.path);
  }
  return OkStatus();
}

void Open(const std::vector<std::string>& paths, bool write, std::vector<Source>* out) {
  for (const std::string& path : paths) {
    const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    struct stat info {};
    if (fd < 0 || ::fstat(fd, &info) != 0) continue;
    out->push_back({path, fd, S_ISDIR(info.st_mode), write});
  }
}

// Folders of the system that are links into /usr.
void CopyLink(const std::string& path) {
  std::error_code error;
  const fs::path to = fs::read_symlink(path, error);
  if (!error) fs::create_symlink(to, kBase + path, error);
}

Status MountAll(const std::vector<Source>& sources) {
  if (::mount("strata", kBase, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0) {
    return Failed("no file system for a root of its own");
  }
  for (const Source& source : sources) {
    if (fs::is_symlink(source.path) && source.folder) {
      CopyLink(source.path);
    } else {
      STRATA_RETURN_IF_ERROR(Bind(source));
    }
  }
  return OkStatus();
}

Status SwitchRoot() {
  // pivot_root(2): the old root is stacked below the new one and then taken away.
  if (::chdir(kBase) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    return Failed("cannot enter a root of its own");
  }
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV,
              nullptr) != 0) {
    return Failed("cannot close the root");
  }
  return OkStatus();
}

}  // namespace

std::vector<std::string> SystemPaths() {
  return {"/usr",           "/bin",      "/lib",      "/lib64",       "/etc/ld.so.cache",
          "/etc/localtime", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"};
}

Status EnterPrivateRoot(const FileView& view) {
  if (::unshare(CLONE_NEWNS) != 0) return Failed("no mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Failed("cannot part from the system's mounts");
  }
  std::vector<Source> sources;
  Open(view.read, /*write=*/false, &sources);
  Open(view.write, /*write=*/true, &sources);
  // Parents before what lies in them.
  std::stable_sort(sources.begin(), sources.end(),
                   [](const Source& a, const Source& b) { return a.path.size() < b.path.size(); });
  Status status = MountAll(sources);
  if (status.ok()) status = SwitchRoot();
  for (const Source& source : sources) ::close(source.fd);
  return status;
}

}  // namespace strata::isolation
