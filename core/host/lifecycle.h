#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace strata::host {

// Where a plugin instance is between its package and its end (PLUGINS.md 2.2 has the picture):
//   FOUND -> VERIFIED -> RESOLVED -> LOADED -> CREATED -> STARTED -> PROBED -> ACTIVE
//   ACTIVE -> DRAINING -> STOPPED -> DESTROYED -> RETIRED
// Any step before ACTIVE may end in FAILED; DRAINING in ZOMBIE, which is never destroyed because
// calls may still be in it.
enum class State : std::uint8_t {
  kFound,
  kVerified,
  kResolved,
  kLoaded,
  kCreated,
  kStarted,
  kProbed,
  kActive,
  kDraining,
  kStopped,
  kDestroyed,
  kRetired,
  kFailed,
  kZombie,
};

// "ACTIVE" and so on, as in strata.core.v1.Slot.state.
std::string_view StateName(State state);

// Whether one step leads from `from` to `to`.
bool MayAdvance(State from, State to);

// The state of one instance. Advance is for one control thread; reading is thread-safe.
class Lifecycle final {
 public:
  State state() const { return state_.load(std::memory_order_acquire); }
  // False, and no change, when no step leads there.
  bool Advance(State to);

 private:
  std::atomic<State> state_{State::kFound};
};

}  // namespace strata::host
