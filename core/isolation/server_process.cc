#include "core/isolation/server_process.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/unique_fd.h"
#include "core/isolation/slot_folder.h"

namespace strata::isolation {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Whether somebody listens on the socket, and as which user.
bool PeerOf(const std::string& path, ucred* peer) {
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!fd || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  socklen_t size = sizeof *peer;
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
         ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, peer, &size) == 0;
}

}  // namespace

Result<std::unique_ptr<ServerProcess>> ServerProcess::Make(ServerSpec spec) {
  std::unique_ptr<ServerProcess> out(new ServerProcess(std::move(spec)));
  std::string pattern = "/tmp/strata-XXXXXX";  // Short: a socket's path has 107 letters at most.
  if (::mkdtemp(pattern.data()) == nullptr) {
    return Unavailable(std::string("no folder for a socket: ") + std::strerror(errno));
  }
  out->folder_ = pattern;
  out->address_ = "unix:" + pattern + "/plugin.sock";
  STRATA_RETURN_IF_ERROR(PrepareFolder(pattern, out->spec_.confinement.uid));
  return out;
}

ServerProcess::~ServerProcess() {
  Stop(steady_clock::now() + std::chrono::seconds(1));
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
}

void ServerProcess::Log(std::int32_t severity, std::string_view event, std::string_view key,
                        std::string_view value) const {
  LogFunction log;
  {
    const base::MutexLock lock(mutex_);
    log = log_;
  }
  if (log) log(severity, event, key, value);
}

RemoteReport ServerProcess::Report() const {
  const base::MutexLock lock(mutex_);
  return {process_ != nullptr ? process_->pid() : 0, restarts_, all_crashes_, quarantine_};
}

Status ServerProcess::Start(const std::string& config_json, LogFunction log) {
  Stop(steady_clock::now());
  config_ = config_json;
  const base::MutexLock lock(mutex_);
  log_ = std::move(log);
  stopping_ = first_done_ = false;
  quarantine_.clear();
  crashes_.clear();
  // One thread for all its processes: they end with the thread that started them.
  supervisor_ = std::thread([this] { Supervise(); });
  while (!first_done_) changed_.Wait(mutex_);
  return first_;
}

void ServerProcess::Stop(steady_clock::time_point deadline) {
  std::shared_ptr<Process> process;
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    process = process_;
    changed_.NotifyAll();
  }
  if (process != nullptr) {
    process->Signal(SIGTERM);
    if (!process->WaitUntil(deadline)) process->Kill();
  }
  if (supervisor_.joinable()) supervisor_.join();
  const base::MutexLock lock(mutex_);
  log_ = nullptr;
}

Result<std::shared_ptr<Process>> ServerProcess::Spawn() {
  ProcessSpec process;
  process.path = spec_.program;
  process.argv = {"strata", "plugin-host", "exec", "dir=" + spec_.base_dir};
  for (std::string& word : ToWords(spec_.confinement)) process.argv.push_back(std::move(word));
  process.argv.emplace_back("--");
  process.argv.insert(process.argv.end(), spec_.command.begin(), spec_.command.end());
  process.env = {
      "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
      "STRATA_LISTEN=" + address_,         "STRATA_SLOT=" + spec_.slot,
      "STRATA_CONFIG=" + config_,          "STRATA_STATE_DIR=" + spec_.confinement.state_dir};
  process.output = [this](std::string_view line) { Log(2, "plugin.output", "line", line); };
  ::unlink((folder_ + "/plugin.sock").c_str());  // Of the one before.
  STRATA_RETURN_IF_ERROR(PrepareFolder(spec_.confinement.state_dir, spec_.confinement.uid));
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Process> started, Process::Start(std::move(process)));
  if (spec_.started) {
    std::vector<std::string> missing;
    STRATA_RETURN_IF_ERROR(spec_.started(*started, &missing));
    for (const std::string& what : missing) Log(3, "isolation.missing", "protections", what);
  }
  return std::shared_ptr<Process>(std::move(started));
}

Status ServerProcess::WaitForSocket(Process& process) const {
  const auto deadline = steady_clock::now() + spec_.start_timeout * 8 / 10;
  const uid_t expected = spec_.confinement.uid != 0 ? spec_.confinement.uid : ::geteuid();
  ucred peer{};
  while (!PeerOf(folder_ + "/plugin.sock", &peer)) {
    if (steady_clock::now() >= deadline) {
      return DeadlineExceeded("it does not listen on STRATA_LISTEN");
    }
    if (const auto how = process.WaitUntil(steady_clock::now() + milliseconds(10))) {
      return Unavailable("it ended (" + *how + "): " + process.LastLine());
    }
  }
  if (peer.uid == expected) return OkStatus();
  return PermissionDenied("user " + std::to_string(peer.uid) + " listens on its socket");
}

void ServerProcess::Supervise() {
  pthread_setname_np(pthread_self(), "strata-server");
  while (true) {
    auto process = Spawn();
    Status status = process.status();
    if (process.ok()) {
      const base::MutexLock lock(mutex_);
      process_ = *process;
    }
    if (status.ok()) status = WaitForSocket(**process);
    bool first = false;
    {
      const base::MutexLock lock(mutex_);
      first = !std::exchange(first_done_, true);
      if (first) first_ = status;
      changed_.NotifyAll();
    }
    std::string how = status.message();
    if (status.ok()) {
      how = (*process)->WaitUntil(steady_clock::time_point::max()).value_or("ended");
    } else if (process.ok()) {
      (*process)->Kill();
    }
    {
      const base::MutexLock lock(mutex_);
      process_.reset();
    }
    if ((first && !status.ok()) || !AfterCrash(how)) return;
  }
}

bool ServerProcess::AfterCrash(const std::string& how) {
  std::size_t crashes = 0;
  {
    const base::MutexLock lock(mutex_);
    if (stopping_) return false;
    const auto now = steady_clock::now();
    std::erase_if(crashes_, [&](auto then) { return now - then > kCrashWindow; });
    crashes_.push_back(now);
    ++all_crashes_;
    crashes = crashes_.size();
    if (crashes >= kMaxCrashes) {
      quarantine_ = "quarantined: its process ended " + std::to_string(crashes) + " times within " +
                    std::to_string(kCrashWindow.count()) + " s; last: " + how;
    }
  }
  Log(4, crashes >= kMaxCrashes ? "isolation.quarantined" : "isolation.crashed", "reason", how);
  if (crashes >= kMaxCrashes) return false;
  const auto until = steady_clock::now() + milliseconds(crashes == 1 ? 0 : 50 << crashes);
  const base::MutexLock lock(mutex_);
  while (!stopping_ && steady_clock::now() < until) changed_.WaitUntil(mutex_, until);
  if (!stopping_) ++restarts_;
  return !stopping_;
}

}  // namespace strata::isolation
