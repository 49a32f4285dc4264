#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::host {

// Small files of the core that survive a loss of power. Folders are made (0700) where they are
// missing. RESOURCE_EXHAUSTED: the disk is full; UNAVAILABLE: anything else, with the reason. Block
// until the bytes are on the disk.

// Adds `bytes` to the end of the file.
Status AppendDurably(const std::string& path, std::string_view bytes);
// The file has these bytes or those it had before, never a part: written beside and renamed.
Status ReplaceDurably(const std::string& path, std::string_view bytes);

}  // namespace strata::host
