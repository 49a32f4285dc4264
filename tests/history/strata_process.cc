#include "tests/history/strata_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace strata::history {
namespace {

namespace fs = std::filesystem;

// What follows `mark` in `line`, up to a space or a slash.
std::string After(const std::string& line, const std::string& mark) {
  const std::size_t at = line.find(mark);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + mark.size();
  return line.substr(begin, line.find_first_of(" /\n", begin) - begin);
}

[[noreturn]] void Execute(const std::string& dir, int out) {
  const int log = ::open((dir + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, 1);
  ::dup2(log, 2);
  const std::string stack = dir + "/stack.yaml";
  ::execl(STRATA_BINARY, "strata", "up", stack.c_str(), "--http", "127.0.0.1:0", "--grpc",
          "127.0.0.1:0", static_cast<char*>(nullptr));
  ::_exit(127);
}

std::string ReadLine(int in) {
  std::string line;
  char c = 0;
  while (::read(in, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

}  // namespace

StrataProcess::StrataProcess(const std::string& slots) {
  std::string pattern = (fs::temp_directory_path() / "strata-history-XXXXXX").string();
  dir_ = ::mkdtemp(pattern.data());
  // A short drain: idle gRPC clients of this test do not answer the farewell.
  std::ofstream(dir_ + "/stack.yaml")
      << "stack: history\ndata: " << dir_ << "/data\ntimeouts: {drain: 1s}\nslots:\n"
      << slots;
}

StrataProcess::~StrataProcess() {
  Kill();
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

bool StrataProcess::Start() {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return false;
  pid_ = ::fork();
  if (pid_ == 0) Execute(dir_, pipe[1]);
  ::close(pipe[1]);
  const std::string line = ReadLine(pipe[0]);
  ::close(pipe[0]);
  const base::MutexLock lock(mutex_);
  endpoints_.http = After(line, "http://");
  endpoints_.grpc = After(line, "grpc ");
  ++endpoints_.life;
  up_ = !endpoints_.grpc.empty();
  changed_.NotifyAll();
  return up_;
}

void StrataProcess::Down() {
  const base::MutexLock lock(mutex_);
  up_ = false;
}

int StrataProcess::Stop() {
  Down();
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void StrataProcess::Kill() {
  if (pid_ <= 0) return;
  Down();
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

Endpoints StrataProcess::Where() {
  const base::MutexLock lock(mutex_);
  while (!up_ && !closed_) changed_.Wait(mutex_);
  return up_ ? endpoints_ : Endpoints();
}

void StrataProcess::Close() {
  {
    const base::MutexLock lock(mutex_);
    closed_ = true;
  }
  changed_.NotifyAll();
}

std::vector<pid_t> StrataProcess::Children() const {
  std::vector<pid_t> out;
  std::error_code ignored;
  const std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
  for (const auto& task : fs::directory_iterator(tasks, ignored)) {
    std::ifstream in(task.path() / "children");
    for (pid_t child = 0; in >> child;) out.push_back(child);
  }
  return out;
}

std::string StrataProcess::log() const {
  std::ifstream in(dir_ + "/log");
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace strata::history
