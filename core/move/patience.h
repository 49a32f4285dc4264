#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "core/base/status.h"

namespace strata::move {

// How a copy outlives the crash of a side: what is isolated is started again, and the copy goes on
// where it was. Single-threaded; blocks.
struct Patience {
  // One attempt, which goes on where the one before ended.
  std::function<Status()> copy;
  // How much is there, to tell whether it gets on at all.
  std::function<std::uint64_t()> progress;
  // Whether both sides answer.
  std::function<bool()> answers;
  // False: it is to end.
  std::function<bool()> go_on;
  // Told the reason before it goes on.
  std::function<void(const Status&)> resumed;
};

// Tries again after UNAVAILABLE; gives up after some attempts that brought nothing, or when a side
// is away for too long.
Status CopyWithPatience(const Patience& patience);

}  // namespace strata::move
