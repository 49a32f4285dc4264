#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/isolation/outside_plugin.h"
#include "core/isolation/process.h"
#include "core/isolation/sandbox.h"

namespace strata::isolation {

// A gRPC server that the core starts and looks after (`command:`).
struct ServerSpec {
  std::string program = "/proc/self/exe";  // Has the command `plugin-host`.
  std::vector<std::string> command;
  std::string base_dir;  // Its working folder.
  std::string slot;
  Confinement confinement;
  // Runs for each process that was started: its limits. Adds what the system does not offer.
  std::function<Status(Process& process, std::vector<std::string>* missing)> started;
  std::chrono::milliseconds start_timeout{30'000};
};

// The process of such a server. It is told by its environment where to listen (STRATA_LISTEN, a
// unix socket in a folder that only its user can open), ends with the core, and is started again
// after a crash, at once and then with growing pauses; after kMaxCrashes within kCrashWindow no
// more. Thread-safe.
class ServerProcess final {
 public:
  using LogFunction = std::function<void(std::int32_t severity, std::string_view event,
                                         std::string_view key, std::string_view value)>;
  static constexpr std::size_t kMaxCrashes = 5;
  static constexpr std::chrono::seconds kCrashWindow{60};

  // Makes the folder of the socket. UNAVAILABLE: it cannot be made.
  static Result<std::unique_ptr<ServerProcess>> Make(ServerSpec spec);
  ~ServerProcess();  // Stops it.

  const std::string& address() const { return address_; }

  // Starts it and waits until it listens. UNAVAILABLE: it ended; PERMISSION_DENIED: somebody else
  // listens there; DEADLINE_EXCEEDED. `config_json` is what it finds in STRATA_CONFIG.
  Status Start(const std::string& config_json, LogFunction log);
  // SIGTERM, then SIGKILL at the deadline.
  void Stop(std::chrono::steady_clock::time_point deadline);
  RemoteReport Report() const;

 private:
  explicit ServerProcess(ServerSpec spec) : spec_(std::move(spec)) {}

  void Supervise();
  Result<std::shared_ptr<Process>> Spawn();
  Status WaitForSocket(Process& process) const;
  // False: nobody wants it any more.
  bool AfterCrash(const std::string& how);
  void Log(std::int32_t severity, std::string_view event, std::string_view key,
           std::string_view value) const;

  const ServerSpec spec_;
  std::string folder_;
  std::string address_;
  std::string config_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  LogFunction log_ STRATA_GUARDED_BY(mutex_);
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  bool first_done_ STRATA_GUARDED_BY(mutex_) = false;
  Status first_ STRATA_GUARDED_BY(mutex_);
  std::shared_ptr<Process> process_ STRATA_GUARDED_BY(mutex_);  // shared: with the supervisor.
  std::uint32_t restarts_ STRATA_GUARDED_BY(mutex_) = 0;
  std::uint32_t all_crashes_ STRATA_GUARDED_BY(mutex_) = 0;
  std::string quarantine_ STRATA_GUARDED_BY(mutex_);
  std::vector<std::chrono::steady_clock::time_point> crashes_ STRATA_GUARDED_BY(mutex_);
  std::thread supervisor_;
};

}  // namespace strata::isolation
