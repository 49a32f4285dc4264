#include "core/host/lifecycle.h"

#include <array>

namespace strata::host {
namespace {
constexpr std::array<std::string_view, 14> kNames = {
    "FOUND",  "VERIFIED", "RESOLVED", "LOADED",    "CREATED", "STARTED", "PROBED",
    "ACTIVE", "DRAINING", "STOPPED",  "DESTROYED", "RETIRED", "FAILED",  "ZOMBIE"};
}  // namespace

std::string_view StateName(State state) { return kNames.at(static_cast<std::size_t>(state)); }

bool MayAdvance(State from, State to) {
  switch (to) {
    case State::kFailed:
      return from < State::kActive;
    case State::kZombie:
      // A create or start that hangs cannot be undone either.
      return from == State::kDraining || from == State::kStopped ||
             (from >= State::kLoaded && from < State::kActive);
    case State::kDestroyed:
      return from == State::kStopped || from == State::kFailed;
    case State::kRetired:
      return from == State::kDestroyed;
    case State::kStopped:
      return from == State::kDraining;
    case State::kFound:
      return false;
    default:
      return static_cast<int>(to) == static_cast<int>(from) + 1 && from < State::kDraining;
  }
}

bool Lifecycle::Advance(State to) {
  if (!MayAdvance(state(), to)) return false;
  state_.store(to, std::memory_order_release);
  return true;
}

}  // namespace strata::host
