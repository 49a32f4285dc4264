#include "core/isolation/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace strata::isolation {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxLine = 1000;

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> out;
  for (std::string& text : *texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// The actions and attributes of one posix_spawn.
class Plan {
 public:
  Plan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    sigdelset(&signals, SIGKILL);
    sigdelset(&signals, SIGSTOP);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setflags(
        &attributes_,
        static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID));
  }
  ~Plan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  void Give(int ours, int theirs) { posix_spawn_file_actions_adddup2(&actions_, ours, theirs); }
  void CloseFrom(int first) { posix_spawn_file_actions_addclosefrom_np(&actions_, first); }

  int Spawn(ProcessSpec* spec, pid_t* pid) {
    return ::posix_spawn(pid, spec->path.c_str(), &actions_, &attributes_,
                         Pointers(&spec->argv).data(), Pointers(&spec->env).data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::string Describe(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return "exit code " + std::to_string(info.si_status);
  return "killed by signal " + std::to_string(info.si_status);
}

// Copies out of the range of the target numbers, so that no dup2 overwrites the next source.
Result<std::vector<base::UniqueFd>> OutOfTheWay(const std::vector<int>& descriptors) {
  constexpr int kFirstFree = 64;
  std::vector<base::UniqueFd> out;
  for (const int fd : descriptors) {
    out.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstFree));
    if (!out.back()) return Unavailable(std::string("too many files: ") + std::strerror(errno));
  }
  return out;
}

}  // namespace

Process::Process(pid_t pid, base::UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

Result<std::unique_ptr<Process>> Process::Start(ProcessSpec spec) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Unavailable(std::strerror(errno));
  base::UniqueFd output(ends[0]);
  const base::UniqueFd theirs(ends[1]);
  base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  const base::UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::vector<int> sources = {nothing.get(), theirs.get(), theirs.get()};
  for (const auto& [ours, number] : spec.descriptors) sources.push_back(ours);
  STRATA_ASSIGN_OR_RETURN(const auto copies, OutOfTheWay(sources));
  Plan plan;
  int last = 2;
  for (int i = 0; i < 3; ++i) plan.Give(copies[static_cast<std::size_t>(i)].get(), i);
  for (std::size_t i = 0; i < spec.descriptors.size(); ++i) {
    plan.Give(copies[i + 3].get(), spec.descriptors[i].second);
    last = std::max(last, spec.descriptors[i].second);
  }
  plan.CloseFrom(last + 1);

  pid_t pid = 0;
  const int error = plan.Spawn(&spec, &pid);
  if (error == ENOENT || error == EACCES) {
    return NotFound("cannot run " + spec.path + ": " + std::strerror(error));
  }
  if (error != 0) return Unavailable(std::string("no process: ") + std::strerror(error));
  // Nobody else waits for our children, so the number is still its own.
  base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const Status failed = Unavailable(std::string("pidfd_open: ") + std::strerror(errno));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return failed;
  }
  std::unique_ptr<Process> out(new Process(pid, std::move(pidfd)));
  out->output_ = std::move(output);
  out->stop_ = std::move(stop);
  out->reader_ = std::thread([self = out.get(), sink = std::move(spec.output)] {
    pthread_setname_np(pthread_self(), "strata-output");
    self->ReadOutput(sink);
  });
  return out;
}

Process::~Process() {
  Kill();
  static_cast<void>(WaitUntil(steady_clock::time_point::max()));
  // Whoever it started may hold the pipe open.
  const std::uint64_t one = 1;
  static_cast<void>(::write(stop_.get(), &one, sizeof one));
  if (reader_.joinable()) reader_.join();
}

void Process::Kill() {
  const base::MutexLock lock(mutex_);
  if (ended_) return;
  // Not waited for yet, so its number and its group are still its own.
  ::kill(-pid_, SIGKILL);
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

void Process::Signal(int signal) {
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

std::optional<std::string> Process::WaitUntil(steady_clock::time_point deadline) {
  while (true) {
    int timeout = -1;
    if (deadline != steady_clock::time_point::max()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
    }
    pollfd waited{pidfd_.get(), POLLIN, 0};
    const int ready = ::poll(&waited, 1, timeout);
    if (ready > 0) break;
    if (ready == 0 && steady_clock::now() >= deadline) return std::nullopt;
  }
  const base::MutexLock lock(mutex_);
  if (!ended_) {
    ::kill(-pid_, SIGKILL);  // What it has started does not outlive it.
    siginfo_t info{};
    ended_ = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info,
                      WEXITED) == 0
                 ? Describe(info)
                 : "ended";
  }
  return ended_;
}

std::string Process::LastLine() const {
  const base::MutexLock lock(mutex_);
  return last_line_;
}

void Process::ReadOutput(const std::function<void(std::string_view)>& output) {
  std::string rest;
  char block[4096];
  while (true) {
    pollfd waited[2] = {{output_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(waited, 2, -1) < 0 && errno == EINTR) continue;
    if ((waited[0].revents & POLLIN) == 0) break;  // Nothing more, or we are to end.
    const ssize_t got = ::read(output_.get(), block, sizeof block);
    if (got <= 0) break;
    rest.append(block, static_cast<std::size_t>(got));
    std::size_t start = 0;
    for (std::size_t end = 0; (end = rest.find('\n', start)) != std::string::npos;
         start = end + 1) {
      const std::string_view line =
          std::string_view(rest).substr(start, std::min(end - start, kMaxLine));
      if (line.empty()) continue;
      {
        const base::MutexLock lock(mutex_);
        last_line_ = line;
      }
      if (output) output(line);
    }
    rest.erase(0, start);
    if (rest.size() > kMaxLine) rest.clear();
  }
}

}  // namespace strata::isolation
