// A plugin that does what a test asks of it, also what no plugin should. Plain ABI, no SDK.
#include <fcntl.h>
#include <signal.h>
#include <strata/plugin_abi.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

std::string_view View(strata_str s) { return {s.data, s.size}; }
std::string_view View(strata_bytes b) { return {reinterpret_cast<const char*>(b.data), b.size}; }
strata_str Str(std::string_view s) { return {s.data(), s.size()}; }
strata_bytes Bytes(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

[[noreturn]] void Hang() {
  while (true) ::pause();
}

struct Probe {
  const strata_host* host = nullptr;
  std::string config;
  std::uint64_t metric = 0;

  bool Hangs(std::string_view where) const {
    return config.find("\"hang\":\"" + std::string(where) + "\"") != std::string::npos;
  }
};

strata_code Fail(strata_call* c, strata_code code, std::string_view message,
                 std::string_view details = {}) {
  const strata_status status{sizeof(strata_status), code, Str(message), Bytes(details)};
  c->ops->set_status(c, &status);
  return code;
}

strata_code Answer(strata_call* c, std::string_view text) { return c->ops->write(c, Bytes(text)); }

std::string Word(std::string_view* text) {
  const std::size_t space = text->find(' ');
  std::string word(text->substr(0, space));
  text->remove_prefix(space == std::string_view::npos ? text->size() : space + 1);
  return word;
}

// ---- calls back ---------------------------------------------------------------------------------

struct Nested : strata_call {
  std::string response;
  std::string message;
};

strata_code NestedWrite(strata_call* c, strata_bytes bytes) {
  static_cast<Nested*>(c)->response += View(bytes);
  return STRATA_OK;
}
void NestedStatus(strata_call* c, const strata_status* status) {
  static_cast<Nested*>(c)->message = View(status->message);
}
int32_t NestedCancelled(strata_call* c) {
  return c->parent != nullptr ? c->parent->ops->cancelled(c->parent) : 0;
}
uint64_t NestedOnCancel(strata_call* c, void (*fn)(void*), void* arg) {
  return c->parent != nullptr ? c->parent->ops->on_cancel(c->parent, fn, arg) : 0;
}
void NestedOffCancel(strata_call* c, uint64_t id) {
  if (c->parent != nullptr) c->parent->ops->off_cancel(c->parent, id);
}
const strata_call_ops kNestedOps = {sizeof(strata_call_ops), &NestedWrite,    nullptr,
                                    &NestedCancelled,        &NestedOnCancel, &NestedOffCancel,
                                    &NestedStatus,           nullptr,         nullptr};

// "peer METHOD REQUEST"
strata_code CallPeer(Probe* self, strata_call* parent, std::string_view rest, strata_call* c) {
  const std::string method = Word(&rest);
  Nested nested{};
  nested.struct_size = sizeof(strata_call);
  nested.ops = &kNestedOps;
  nested.method = self->host->resolve(self->host, Str("peer"), Str(method));
  if (nested.method == 0) return Fail(c, STRATA_PERMISSION_DENIED, "not granted");
  nested.request = Bytes(rest);
  nested.parent = parent;
  if (parent == nullptr) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    nested.deadline_us = now.tv_sec * 1'000'000 + 5'000'000;
  }
  const strata_code code = self->host->call(self->host, &nested);
  if (code != STRATA_OK) return Fail(c, code, nested.message);
  return Answer(c, nested.response);
}

// ---- what a test asks for -----------------------------------------------------------------------

std::string Errno(bool ok) { return ok ? "ok" : std::strerror(errno); }

std::string Allocate(std::size_t mib) {
  std::vector<char*> blocks;
  for (std::size_t i = 0; i < mib; ++i) {
    auto* const block = static_cast<char*>(std::malloc(std::size_t{1} << 20));
    if (block == nullptr) return "refused after " + std::to_string(i);
    std::memset(block, 1, std::size_t{1} << 20);
    blocks.push_back(block);
  }
  for (char* block : blocks) std::free(block);
  return "ok";
}

std::string Threads(int count) {
  std::atomic<bool> end{false};
  std::vector<std::thread> all;
  std::string out = "ok";
  try {
    for (int i = 0; i < count; ++i) {
      all.emplace_back([&] {
        while (!end) ::usleep(1000);
      });
    }
  } catch (const std::exception&) {
    out = "refused after " + std::to_string(all.size());
  }
  end = true;
  for (std::thread& thread : all) thread.join();
  return out;
}

std::string Try(Probe*, std::string_view what, std::string_view rest) {
  if (what == "read") {
    const int fd = ::open(std::string(rest).c_str(), O_RDONLY);
    return Errno(fd >= 0 && ::close(fd) == 0);
  }
  if (what == "write") {
    const int fd = ::open(std::string(rest).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return Errno(fd >= 0 && ::write(fd, "x", 1) == 1 && ::close(fd) == 0);
  }
  if (what == "inet") {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    return Errno(fd >= 0 && ::close(fd) == 0);
  }
  if (what == "fork") {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    return Errno(child > 0 && ::waitpid(child, nullptr, 0) == child);
  }
  if (what == "exec") return Errno(::execl("/bin/true", "true", nullptr) == 0);
  if (what == "kill") return Errno(::kill(::getppid(), 0) == 0);
  if (what == "setuid") return Errno(::setuid(0) == 0);
  if (what == "uid") return std::to_string(::getuid());
  if (what == "pid") return std::to_string(::getpid());
  if (what == "alloc") return Allocate(std::stoul(std::string(rest)));
  if (what == "threads") return Threads(std::stoi(std::string(rest)));
  return "unknown";
}

// Crashes unless it has been here before.
void CrashOnce(const Probe* self, std::string_view name) {
  const std::string path =
      std::string(View(self->host->state_dir)) + "/" + std::string(name) + ".once";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd >= 0) ::raise(SIGKILL);
}

strata_code Do(Probe* self, strata_call* c) {
  std::string_view rest = View(c->request);
  const std::string what = Word(&rest);
  if (what == "echo") return Answer(c, rest);
  if (what == "crash") std::abort();
  if (what == "crash-once") {
    CrashOnce(self, rest);
    return Answer(c, "survived");
  }
  if (what == "sleep") {
    for (int left = std::stoi(std::string(rest)); left > 0 && c->ops->cancelled(c) == 0; --left) {
      ::usleep(1000);
    }
    return c->ops->cancelled(c) != 0 ? STRATA_CANCELLED : Answer(c, "slept");
  }
  if (what == "fail") {
    const strata_kv trailer{Str("x-reason"), Bytes("because")};
    c->ops->set_trailer(c, &trailer);
    return Fail(c, STRATA_FAILED_PRECONDITION, "as \xc3\xa4sked", std::string_view("\0d\xff", 3));
  }
  if (what == "none") return STRATA_OK;
  if (what == "twice") {
    static_cast<void>(Answer(c, "1"));
    static_cast<void>(Answer(c, "2"));
    return STRATA_OK;
  }
  if (what == "auth") return Answer(c, View(c->auth));
  if (what == "meta") {
    for (std::size_t i = 0; i < c->metadata_count; ++i) {
      if (View(c->metadata[i].key) == rest) return Answer(c, View(c->metadata[i].value));
    }
    return Answer(c, "absent");
  }
  if (what == "deadline") return Answer(c, c->deadline_us != 0 ? "some" : "none");
  if (what == "peer") return CallPeer(self, c, rest, c);
  if (what == "peer-implied") return CallPeer(self, nullptr, rest, c);
  if (what == "peer-background") {
    strata_code code = STRATA_OK;
    std::thread([&] { code = CallPeer(self, nullptr, rest, c); }).join();
    return code;
  }
  if (what == "log") {
    const strata_kv field{Str("n"), Bytes("1")};
    self->host->log(self->host, STRATA_LOG_WARNING, Str("probe.event"), &field, 1);
    self->host->metric_add(self->host, self->metric, 2);
    self->host->set_health(self->host, STRATA_OK, Str("pushed"));
    return Answer(c, "ok");
  }
  if (what == "print") {
    ::dprintf(2, "a line of the plugin\n");
    return Answer(c, "ok");
  }
  if (what == "config") return Answer(c, self->config);
  if (what == "dirs") {
    return Answer(
        c, std::string(View(self->host->slot)) + " " + std::string(View(self->host->state_dir)));
  }
  return Answer(c, Try(self, what, rest));
}

strata_code Count(Probe* self, strata_call* c) {
  std::string_view rest = View(c->request);
  const int count = std::stoi(Word(&rest));
  for (int i = 0; i < count; ++i) {
    if (Answer(c, std::to_string(i)) != STRATA_OK) return STRATA_CANCELLED;
  }
  if (rest == "crash") ::raise(SIGKILL);
  if (rest == "crash-once") CrashOnce(self, "count");
  if (rest != "hang") return STRATA_OK;
  std::atomic<bool> cancelled{false};
  const uint64_t id = c->ops->on_cancel(
      c, [](void* flag) { static_cast<std::atomic<bool>*>(flag)->store(true); }, &cancelled);
  while (id != 0 && !cancelled) ::usleep(1000);
  c->ops->off_cancel(c, id);
  return STRATA_CANCELLED;
}

strata_code Join(Probe*, strata_call* c) {
  std::string all;
  while (true) {
    strata_bytes message{};
    const strata_code code = c->ops->read(c, &message);
    if (code == STRATA_OUT_OF_RANGE) return Answer(c, all);
    if (code != STRATA_OK) return Fail(c, STRATA_ABORTED, "the stream broke");
    all += View(message);
    if (all == "stop") return Fail(c, STRATA_ALREADY_EXISTS, "enough");
  }
}

strata_code Chat(Probe*, strata_call* c) {
  while (true) {
    strata_bytes message{};
    const strata_code code = c->ops->read(c, &message);
    if (code == STRATA_OUT_OF_RANGE) return STRATA_OK;
    if (code != STRATA_OK) return code;
    if (View(message) == "bye") return STRATA_OK;
    if (Answer(c, "re:" + std::string(View(message))) != STRATA_OK) return STRATA_CANCELLED;
  }
}

// ---- vtable -------------------------------------------------------------------------------------

strata_code Create(const strata_host* host, strata_bytes config, void** out, strata_status* why) {
  auto* const self = new Probe;
  self->host = host;
  self->config = View(config);
  if (self->config.find("refuse") != std::string::npos) {
    delete self;
    why->message = Str("it will not");
    return STRATA_INVALID_ARGUMENT;
  }
  if (self->config.find("crash-at-start") == std::string::npos && self->Hangs("create")) Hang();
  self->metric = host->metric(host, STRATA_COUNTER, Str("probe_total"), nullptr, 0);
  *out = self;
  return STRATA_OK;
}
strata_code Start(void* p, strata_status*) {
  auto* const self = static_cast<Probe*>(p);
  if (self->Hangs("start")) Hang();
  if (self->config.find("crash-at-start") != std::string::npos) {
    const std::string path = std::string(View(self->host->state_dir)) + "/crash";
    if (::access(path.c_str(), F_OK) == 0) ::raise(SIGKILL);
  }
  return STRATA_OK;
}
strata_code Health(void* p, strata_status*) {
  if (static_cast<Probe*>(p)->Hangs("health")) Hang();
  return STRATA_OK;
}
strata_code Reconfigure(void* p, strata_bytes config, strata_status*) {
  static_cast<Probe*>(p)->config = View(config);
  return STRATA_OK;
}
strata_code Handle(void* p, strata_call* c) {
  auto* const self = static_cast<Probe*>(p);
  using Function = strata_code (*)(Probe*, strata_call*);
  constexpr Function kFunctions[] = {&Do, &Do, &Count, &Join, &Chat, &Count};
  return kFunctions[c->method](self, c);
}
strata_code Drain(void* p, int64_t, strata_status*) {
  if (static_cast<Probe*>(p)->Hangs("drain")) Hang();
  return STRATA_OK;
}
void Stop(void* p) {
  if (static_cast<Probe*>(p)->Hangs("stop")) Hang();
}
void Destroy(void* p) { delete static_cast<Probe*>(p); }
const void* Extension(void*, const char*) { return nullptr; }

const strata_method kMethods[] = {
    {Str("/isolationtest.v1.Probe/Do"), STRATA_UNARY, 0},
    {Str("/isolationtest.v1.Probe/Repeat"), STRATA_UNARY, STRATA_METHOD_IDEMPOTENT},
    {Str("/isolationtest.v1.Probe/Count"), STRATA_SERVER_STREAM, 0},
    {Str("/isolationtest.v1.Probe/Join"), STRATA_CLIENT_STREAM, 0},
    {Str("/isolationtest.v1.Probe/Chat"), STRATA_BIDI, 0},
    {Str("/isolationtest.v1.Probe/List"), STRATA_SERVER_STREAM, STRATA_METHOD_IDEMPOTENT}};

}  // namespace

extern "C" const strata_plugin* strata_plugin_v1(uint32_t) {
  static const strata_descriptor descriptor = {sizeof(strata_descriptor),
                                               Str("isolationtest.probe"),
                                               Str("1.0.0"),
                                               Str("tool"),
                                               Str("1.0.0"),
                                               kMethods,
                                               6,
                                               {nullptr, 0},
                                               Str("{}"),
                                               Str("test")};
  static const strata_plugin table = {sizeof(strata_plugin),
                                      &descriptor,
                                      &Create,
                                      &Start,
                                      &Health,
                                      &Reconfigure,
                                      &Handle,
                                      &Drain,
                                      &Stop,
                                      &Destroy,
                                      &Extension};
  return &table;
}
