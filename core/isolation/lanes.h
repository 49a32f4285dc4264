#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"
#include "core/isolation/lane.h"

namespace strata::isolation {

// The core's lanes to one process, as many as there are calls at once. Thread-safe.
class Lanes final {
 public:
  // `control`: where the process gets its ends of new ones.
  explicit Lanes(base::UniqueFd control) : control_(std::move(control)) {}

  // An idle one or a new one; null: the process has no thread for it (before `deadline_us`, as in
  // Lane), or is gone.
  std::unique_ptr<Lane> Take(std::int64_t deadline_us);
  // After a call that has ended; one that is shut is let go.
  void Give(std::unique_ptr<Lane> lane);

 private:
  // Each keeps a thread of the process.
  static constexpr std::size_t kMostIdle = 32;
  static constexpr std::chrono::seconds kIdle{10};

  struct Idle {
    std::unique_ptr<Lane> lane;
    std::chrono::steady_clock::time_point since;
  };

  std::unique_ptr<Lane> Make(std::int64_t deadline_us) const;

  const base::UniqueFd control_;
  base::Mutex mutex_;
  std::vector<Idle> idle_ STRATA_GUARDED_BY(mutex_);  // Last used last.
};

// A pair of sockets on which descriptors are handed over, each as one message.
bool SendDescriptor(int control, int descriptor);
// Waits for the next one; none: the other side is gone.
base::UniqueFd ReceiveDescriptor(int control);

}  // namespace strata::isolation
