#include "core/host/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/base/unique_fd.h"

namespace strata::host {
namespace {

namespace fs = std::filesystem;

Status FromErrno(const std::string& what) {
  const int error = errno;
  const std::string text = what + ": " + std::strerror(error);
  return error == ENOSPC || error == EDQUOT ? ResourceExhausted(text) : Unavailable(text);
}

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) {
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  return error ? Unavailable("cannot make " + folder + ": " + error.message()) : OkStatus();
}

Status SyncFolder(const std::string& folder) {
  const base::UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return FromErrno("cannot sync " + folder);
  return OkStatus();
}

Status WriteAll(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno("cannot write " + path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? OkStatus() : FromErrno("cannot sync " + path);
}

}  // namespace

Status AppendDurably(const std::string& path, std::string_view bytes) {
  const std::string folder = fs::path(path).parent_path().string();
  STRATA_RETURN_IF_ERROR(MakeFolder(folder));
  const bool fresh = ::access(path.c_str(), F_OK) != 0;
  const base::UniqueFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return FromErrno("cannot open " + path);
  STRATA_RETURN_IF_ERROR(WriteAll(fd.get(), path, bytes));
  return fresh ? SyncFolder(folder) : OkStatus();
}

Status ReplaceDurably(const std::string& path, std::string_view bytes) {
  const std::string folder = fs::path(path).parent_path().string();
  STRATA_RETURN_IF_ERROR(MakeFolder(folder));
  const std::string beside = path + ".new";
  {
    const base::UniqueFd fd(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return FromErrno("cannot open " + beside);
    STRATA_RETURN_IF_ERROR(WriteAll(fd.get(), beside, bytes));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return FromErrno("cannot rename to " + path);
  return SyncFolder(folder);
}

}  // namespace strata::host
