#pragma once

#include <signal.h>

#include <thread>

#include "core/base/unique_fd.h"

namespace strata::cli {

// SIGTERM and SIGINT of a program that takes its time to start. All threads that begin later
// inherit that they are blocked, so it is made before any. Single-threaded.
class StopSignals final {
 public:
  // Until Started, one of them ends the process at once, as it would without this class: what a
  // start leaves behind is what a crash leaves behind.
  StopSignals();
  ~StopSignals() { Started(); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void Started();
  // Blocks until one of them comes, and answers its number; the next one ends the process at once.
  int Wait();

 private:
  void EndAtOnce() const;

  sigset_t signals_{};
  base::UniqueFd arrived_;
  base::UniqueFd started_;
  std::thread thread_;
};

}  // namespace strata::cli
