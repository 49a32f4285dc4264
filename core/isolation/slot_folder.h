#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace strata::isolation {

// The user that the process of a slot runs as, when the core is root: 0x70000000 and a hash of the
// slot's name, from a range that no distribution hands out (systemd UIDS-GIDS.md), so that a slot
// keeps its files. 0 when the core is not root: the process runs as the core's own user.
std::uint32_t SlotUid(std::string_view slot);

// Makes the folder (0700) and gives it with everything in it to `uid`; 0: to nobody else. Neither
// links nor files with a second name are given. UNAVAILABLE: it cannot be made or given.
Status PrepareFolder(const std::string& dir, std::uint32_t uid);

}  // namespace strata::isolation
