#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace strata::isolation {

struct ProcessSpec {
  std::string path;
  std::vector<std::string> argv;
  std::vector<std::string> env;  // All of it: nothing is inherited.
  // Ours -> the number that it has there (3 and up).
  std::vector<std::pair<int, int>> descriptors;
  // A line of its standard output or error; called on a thread of the process ("strata-output").
  std::function<void(std::string_view line)> output;
};

// A child process, known by a pidfd: what is waited for or killed is never another process that got
// the same number. Starts in a session of its own. Thread-safe but for the destructor.
class Process final {
 public:
  // Runs it. Signals are as at the start of a program, and only `descriptors` are open. What the
  // child asks for by PR_SET_PDEATHSIG comes when the calling *thread* ends. UNAVAILABLE: the
  // system gives no process; NOT_FOUND: there is no such program.
  static Result<std::unique_ptr<Process>> Start(ProcessSpec spec);

  // Kills it and what it has started, if it still runs, and waits for its end.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Readable once it has ended; for poll.
  int descriptor() const { return pidfd_.get(); }

  // How it ended ("exit code 1", "killed by signal 9"); nothing: it still runs at the deadline.
  std::optional<std::string> WaitUntil(std::chrono::steady_clock::time_point deadline);
  void Kill();
  // To it alone.
  void Signal(int signal);
  // What it wrote last, for the reason of a failure.
  std::string LastLine() const;

 private:
  Process(pid_t pid, base::UniqueFd pidfd);
  void ReadOutput(const std::function<void(std::string_view)>& output);

  const pid_t pid_;
  const base::UniqueFd pidfd_;
  base::UniqueFd output_;
  base::UniqueFd stop_;  // eventfd: ends the reader.
  std::thread reader_;
  mutable base::Mutex mutex_;
  std::string last_line_ STRATA_GUARDED_BY(mutex_);
  std::optional<std::string> ended_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::isolation
