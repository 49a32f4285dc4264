#include "plugins/hosting_encrypted/key_source.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

#include "core/base/unique_fd.h"

extern char** environ;

namespace strata::plugins::hosting_encrypted {
namespace {

constexpr auto kCommandTime = std::chrono::seconds(30);
constexpr std::size_t kMostBytes = 256;

// Wiped when it goes.
struct Secret {
  Secret() { text.reserve(kMostBytes); }
  ~Secret() { OPENSSL_cleanse(text.data(), text.capacity()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  std::string text;
};

Status Refuse(const KeySource& source, const std::string& why) {
  return FailedPrecondition("key \"" + source.id + "\": " + why);
}

// Reads what there is, up to somewhat more than a key can have.
bool ReadSome(int fd, std::string* text) {
  char buffer[kMostBytes];
  ssize_t got = 0;
  do {
    got = read(fd, buffer, kMostBytes - text->size());
  } while (got < 0 && errno == EINTR);
  if (got > 0) text->append(buffer, static_cast<std::size_t>(got));
  OPENSSL_cleanse(buffer, sizeof(buffer));
  return got > 0 && text->size() < kMostBytes;
}

Status ReadFile(const KeySource& source, std::string* text) {
  const base::UniqueFd fd(open(source.file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return Refuse(source, source.file + ": " + std::strerror(errno));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Refuse(source, source.file + " is not a file");
  }
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return Refuse(source, source.file + " belongs to somebody else");
  }
  if ((info.st_mode & 077) != 0) {
    return Refuse(source, source.file + " can be read by others; chmod 600 it");
  }
  while (ReadSome(fd.get(), text)) {
  }
  return OkStatus();
}

// Its output, and how it ended; -1: it did not, and was killed.
int ReadOutput(int fd, pid_t child, std::string* text) {
  const auto until = std::chrono::steady_clock::now() + kCommandTime;
  bool in_time = true;
  for (bool more = true; more && in_time;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd ready{fd, POLLIN, 0};
    const int polled = left.count() <= 0 ? 0 : poll(&ready, 1, static_cast<int>(left.count()));
    in_time = polled > 0 || (polled < 0 && errno == EINTR);
    if (polled > 0) more = ReadSome(fd, text);
  }
  // Else it would wait for ever for somebody to read the rest.
  if (!in_time || text->size() >= kMostBytes) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return in_time && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Status RunCommand(const KeySource& source, std::string* text) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Refuse(source, "no pipe");
  const base::UniqueFd out(ends[0]);
  base::UniqueFd in(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : source.command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error = posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Refuse(source, source.command[0] + ": " + std::strerror(error));
  in = base::UniqueFd();
  const int ended = ReadOutput(out.get(), child, text);
  if (ended < 0) return Refuse(source, source.command[0] + " did not end by itself");
  if (ended > 0) {
    return Refuse(source, source.command[0] + " ended with " + std::to_string(ended));
  }
  return OkStatus();
}

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool Parse(std::string_view text, KeyBytes* key) {
  if (text.size() == kKeyBytes) {
    text.copy(reinterpret_cast<char*>(key->data()), kKeyBytes);
    return true;
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (text.size() != 2 * kKeyBytes) return false;
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    const int high = HexValue(text[2 * i]);
    const int low = HexValue(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    (*key)[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return true;
}

}  // namespace

Result<KeyBytes> ReadKey(const KeySource& source) {
  Secret secret;
  STRATA_RETURN_IF_ERROR(source.command.empty() ? ReadFile(source, &secret.text)
                                                : RunCommand(source, &secret.text));
  KeyBytes key{};
  if (!Parse(secret.text, &key)) {
    return Refuse(source, "it is neither 32 bytes nor 64 hexadecimal digits");
  }
  return key;
}

}  // namespace strata::plugins::hosting_encrypted
