#pragma once

#include <string>
#include <vector>

#include "core/base/status.h"

namespace strata::isolation {

// The files that a process may use: everything else is out of its reach from then on.
struct FileView {
  std::vector<std::string> read;   // Files and folders, absolute; what does not exist is left out.
  std::vector<std::string> write;  // The same, read and write.
};

// What any program needs: libraries, time zones, entropy.
std::vector<std::string> SystemPaths();

// As root: a root of its own, in which only these exist, under the same names. Their parents may be
// closed to others. UNAVAILABLE: this system gives no mount namespace.
Status EnterPrivateRoot(const FileView& view);

// As anybody: the kernel refuses all others (Landlock). UNAVAILABLE: it has no Landlock.
Status RestrictFiles(const FileView& view);

}  // namespace strata::isolation
