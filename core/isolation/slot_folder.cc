#include "core/isolation/slot_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "core/base/unique_fd.h"

namespace strata::isolation {
namespace {

constexpr std::uint32_t kFirstUid = 0x70000000;
constexpr int kMaxDepth = 32;

Status Failed(const std::string& what) { return Unavailable(what + ": " + std::strerror(errno)); }

// By descriptors, never by paths: the process that owns the folder may be running, and a name that
// it turns into a link must not lead us elsewhere. A file with several names may be somebody's.
// Files are not opened: to close one would end the locks that an instance in this process has on it
// (fcntl(2)), such as those of a store that is about to change hands.
Status GiveAll(base::UniqueFd dir, std::uint32_t uid, int depth) {
  if (depth > kMaxDepth) return Unavailable("folders too deep");
  if (::fchown(dir.get(), uid, uid) != 0) return Failed("cannot give a folder away");
  const int fd = dir.get();
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(dir.release()), &::closedir);
  if (list == nullptr) return Failed("cannot list a folder");
  while (const dirent* const entry = ::readdir(list.get())) {
    const std::string_view name = entry->d_name;
    struct stat info {};
    if (name == "." || name == "..") continue;
    if (::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;  // Gone again.
    if (S_ISDIR(info.st_mode)) {
      base::UniqueFd inner(
          ::openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (inner) STRATA_RETURN_IF_ERROR(GiveAll(std::move(inner), uid, depth + 1));
    } else if (S_ISREG(info.st_mode) && info.st_uid != uid) {
      const base::UniqueFd file(::openat(fd, entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!file || ::fstat(file.get(), &info) != 0) continue;
      if (!S_ISREG(info.st_mode) || info.st_nlink != 1) continue;
      if (::fchownat(file.get(), "", uid, uid, AT_EMPTY_PATH) != 0) {
        return Failed("cannot give a file away");
      }
    }
  }
  return OkStatus();
}

}  // namespace

std::uint32_t SlotUid(std::string_view slot) {
  if (::geteuid() != 0) return 0;
  std::uint32_t hash = 2'166'136'261u;  // FNV-1a
  for (const char c : slot) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
  return kFirstUid + ((hash >> 16) ^ (hash & 0xffff));
}

Status PrepareFolder(const std::string& dir, std::uint32_t uid) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return Unavailable("cannot make " + dir + ": " + error.message());
  base::UniqueFd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd || ::fchmod(fd.get(), 0700) != 0) return Failed("cannot close " + dir + " to others");
  return uid == 0 ? OkStatus() : GiveAll(std::move(fd), uid, 0);
}

}  // namespace strata::isolation
