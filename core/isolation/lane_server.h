#pragma once

#include <strata/cancel.h>

#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "core/base/mutex.h"
#include "core/base/unique_fd.h"
#include "core/isolation/lane.h"

namespace strata::isolation {

// The process's end of the core's lanes: a thread for each, which serves one call after the other,
// and one that hears when the core lets go of a call. Lives as long as the process. Thread-safe.
class LaneServer final {
 public:
  // Serves the call of one frame; false: the lane is of no use any more.
  using Serve = std::function<bool(Lane* lane, CancelSource* cancel, const LaneFrame& frame)>;

  // `control`: where descriptors of lanes come from. Never returns.
  [[noreturn]] static void Run(base::UniqueFd control, Serve serve);

 private:
  struct Served {
    explicit Served(base::UniqueFd socket) : lane(std::move(socket)) {}
    Lane lane;
    base::Mutex mutex;
    CancelSource* call STRATA_GUARDED_BY(mutex) = nullptr;
    bool gone STRATA_GUARDED_BY(mutex) = false;
  };

  explicit LaneServer(Serve serve);
  void Take(base::UniqueFd socket);
  void ServeLane(std::uint64_t number, Served* served);
  bool ServeCall(Served* served, const LaneFrame& frame);
  void Watch();

  const Serve serve_;
  const base::UniqueFd watched_;  // epoll: lanes that the core has let go.
  base::Mutex mutex_;
  std::uint64_t last_ STRATA_GUARDED_BY(mutex_) = 0;
  // shared: with its thread and with who hears of its end.
  std::map<std::uint64_t, std::shared_ptr<Served>> lanes_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::isolation
