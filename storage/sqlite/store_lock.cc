#include "storage/sqlite/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace strata::storage::sqlite {
namespace {

Status FolderError(const std::string& folder, int error) {
  std::string message = "cannot use the folder " + folder + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) return ResourceExhausted(std::move(message));
  if (error == EIO) return Unavailable(std::move(message));
  return PermissionDenied(std::move(message));
}

Status HeldByOther(const std::string& folder, int file) {
  char text[16] = {};
  const ssize_t size = pread(file, text, sizeof text - 1, 0);
  std::string message = "the store in " + folder + " is in use";
  if (size > 0) message += " by process " + std::string(text, std::strcspn(text, "\n"));
  return FailedPrecondition(message + "; stop it or choose another folder");
}

}  // namespace

Result<StoreLock> StoreLock::Acquire(const std::string& folder) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  if (error) return FolderError(folder, error.value());
  if (made && chmod(folder.c_str(), 0700) != 0) return FolderError(folder, errno);

  const std::string path = folder + "/lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return FolderError(folder, errno);
  StoreLock lock(file);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? HeldByOther(folder, file) : FolderError(folder, errno);
  }
  const std::string text = std::to_string(getpid()) + "\n";
  // The number only serves a message: a disk that is full does not stop reading.
  if (ftruncate(file, 0) == 0 && pwrite(file, text.data(), text.size(), 0) < 0) errno = 0;
  return lock;
}

StoreLock::~StoreLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace strata::storage::sqlite
