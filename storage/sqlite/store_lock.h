#pragma once

#include <string>
#include <utility>

#include "core/base/status.h"

namespace strata::storage::sqlite {

// Holds a folder for this process: the file "lock" in it, locked with flock(2), which the kernel
// gives back however the process ends. Its text is the process's number, for the message to whoever
// comes second.
class StoreLock {
 public:
  // Makes the folder (0700) when it is not there. FAILED_PRECONDITION: another process, or another
  // engine of this one, has it; PERMISSION_DENIED: the folder cannot be used; RESOURCE_EXHAUSTED:
  // no space.
  static Result<StoreLock> Acquire(const std::string& folder);

  StoreLock(StoreLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  StoreLock& operator=(StoreLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~StoreLock();

 private:
  explicit StoreLock(int file) : file_(file) {}
  int file_;
};

}  // namespace strata::storage::sqlite
