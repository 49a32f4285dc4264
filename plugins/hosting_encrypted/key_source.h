#pragma once

#include <string>
#include <vector>

#include "core/base/status.h"
#include "plugins/hosting_encrypted/xaes_gcm.h"

namespace strata::plugins::hosting_encrypted {

// Where a key-encryption key comes from: a file, or the output of a program (a client of a key
// management service). Either gives 32 bytes, or 64 hexadecimal digits.
struct KeySource {
  std::string id;  // its name in what is stored
  std::string file;
  std::vector<std::string> command;  // program by its full path, and arguments; no shell
};

// Reads the key; blocks, a command at most 30 seconds. FAILED_PRECONDITION: the file is not there,
// belongs to somebody else or others may read it, the program failed, or this is no key. Messages
// name the source, never what it gave.
Result<KeyBytes> ReadKey(const KeySource& source);

}  // namespace strata::plugins::hosting_encrypted
