#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/mutex.h"

namespace strata::history {

// Where a running `strata` listens now.
struct Endpoints {
  std::string http;
  std::string grpc;
  std::uint64_t life = 0;  // Counts starts of the process.
};

// The real program, run with a stack of its own in a folder of its own, which survives Kill and
// Stop until this object is gone. Start, Stop and Kill come from one thread; the rest is
// thread-safe.
class StrataProcess final {
 public:
  // `slots`: the YAML below "slots:", indented by two.
  explicit StrataProcess(const std::string& slots);
  ~StrataProcess();
  StrataProcess(const StrataProcess&) = delete;
  StrataProcess& operator=(const StrataProcess&) = delete;

  // Waits for the line that says that it is ready. False: it did not come up (log()).
  bool Start();
  // SIGTERM; the exit code.
  int Stop();
  // SIGKILL.
  void Kill();

  // Waits while the process is down; `life` 0 when it will not come up again (Close).
  Endpoints Where();
  // Nobody waits any more.
  void Close();

  // Processes that it has started and that run: plugins that are isolated.
  std::vector<pid_t> Children() const;

  std::string log() const;
  const std::string& dir() const { return dir_; }

 private:
  void Down();

  std::string dir_;
  pid_t pid_ = -1;
  base::Mutex mutex_;
  base::CondVar changed_;
  Endpoints endpoints_ STRATA_GUARDED_BY(mutex_);
  bool up_ STRATA_GUARDED_BY(mutex_) = false;
  bool closed_ STRATA_GUARDED_BY(mutex_) = false;
};

}  // namespace strata::history
