#pragma once

#include "core/base/status.h"
#include "storage/replica/cursor.h"
#include "storage/replica/tail.h"

namespace strata::plugins::hosting_mirror {

// What has to be done with the secondary before it can follow.
enum class Step {
  kFollow,      // it is the primary as it was at its own last version
  kFill,        // it has to be copied, from the cursor on
  kFillPrimary  // the primary is empty and it is not: it takes the primary's place
};

struct Pairing {
  Step step = Step::kFollow;
  bool noted = false;  // the secondary's own note says that it is this primary's copy
  std::uint64_t primary_version = 0;
  std::uint64_t secondary_version = 0;
  storage::replica::Cursor cursor;  // of the store that is to be filled
};

// Looks at both stores. FAILED_PRECONDITION: the secondary holds something else, or is ahead of the
// primary; only a person can tell which of them is right. Single-threaded.
Result<Pairing> Pair(const hosting::v1::HostingClient& primary,
                     const hosting::v1::HostingClient& secondary, const Context& context,
                     bool overwrite_secondary);

}  // namespace strata::plugins::hosting_mirror
