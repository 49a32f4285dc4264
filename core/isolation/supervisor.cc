// The thread of RemotePlugin that starts its processes and waits for their end.
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/isolation/contract_index.h"
#include "core/isolation/forward.h"
#include "core/isolation/paths.h"
#include "core/isolation/remote_plugin.h"
#include "core/isolation/remote_table.h"
#include "core/sdk/strata/abi.h"
#include "strata/isolation/v1/isolation.pb.h"

namespace strata::isolation {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{2'000};

// Nothing of the core's own environment, but what tools for developers need.
std::vector<std::string> Environment(const std::string& state_dir) {
  std::vector<std::string> out = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
  if (!state_dir.empty()) out.push_back("TMPDIR=" + state_dir);
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"}) {
    if (const char* const value = std::getenv(name); value != nullptr) {
      out.push_back(std::string(name) + "=" + value);
    }
  }
  return out;
}

std::vector<RemoteDescriptor::Method> MethodsOf(const v1::HelloResponse& hello,
                                                const std::string& contracts) {
  const ContractIndex own(hello.file_descriptor_set());
  const ContractIndex core(contracts);
  std::vector<RemoteDescriptor::Method> out;
  for (const auto& method : hello.methods()) {
    const ContractIndex::Method* known = own.Find(method.full_name());
    if (known == nullptr) known = core.Find(method.full_name());
    out.push_back({method.full_name(), method.kind(), method.flags(),
                   known != nullptr ? known->request_id_field : 0});
  }
  return out;
}

RemoteDescriptor::Text TextOf(const v1::HelloResponse& hello) {
  return {hello.id(),
          hello.version(),
          hello.layer(),
          hello.contracts_version(),
          hello.file_descriptor_set(),
          hello.config_schema(),
          hello.build_info()};
}

}  // namespace

Result<std::shared_ptr<const strata_plugin>> RemotePlugin::Open(RemoteSpec spec) {
  const std::shared_ptr<RemotePlugin> plugin(new RemotePlugin(std::move(spec)));
  STRATA_RETURN_IF_ERROR(plugin->Boot());
  plugin->table_.desc = plugin->descriptor_.c_descriptor();
  if (!RemoteTable::Fill(plugin.get(), &plugin->table_, &plugin->trampoline_)) {
    return ResourceExhausted("too many plugins in processes of their own");
  }
  return std::shared_ptr<const strata_plugin>(plugin, &plugin->table_);
}

// The first process, on the thread of all others.
Status RemotePlugin::Boot() {
  const base::MutexLock lock(mutex_);
  const auto timeout = std::chrono::duration_cast<std::chrono::microseconds>(spec_.start_timeout);
  boot_deadline_us_ = abi::MonotonicUs() + timeout.count() * 9 / 10;
  want_process_ = true;
  Wake();
  while (want_process_) changed_.Wait(mutex_);
  return spawned_;
}

void RemotePlugin::Wake() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_.get(), &one, sizeof one));
}

void RemotePlugin::Supervise() {
  pthread_setname_np(pthread_self(), "strata-isolate");
  while (true) {
    std::shared_ptr<Link> link;
    {
      const base::MutexLock lock(mutex_);
      if (stopping_) break;
      link = link_;
    }
    if (SpawnIfWanted() || TakeUpIfWanted()) continue;
    pollfd waited[2] = {{wake_.get(), POLLIN, 0},
                        {link != nullptr ? link->process().descriptor() : -1, POLLIN, 0}};
    ::poll(waited, 2, -1);
    std::uint64_t count = 0;
    static_cast<void>(::read(wake_.get(), &count, sizeof count));
    if ((waited[1].revents & POLLIN) != 0) OnExit(link);
  }
  std::shared_ptr<Link> link;
  {
    const base::MutexLock lock(mutex_);
    link = std::exchange(link_, nullptr);
  }
  if (link != nullptr) static_cast<void>(link->Close(steady_clock::now()));
}

bool RemotePlugin::SpawnIfWanted() {
  std::int64_t deadline_us = 0;
  {
    const base::MutexLock lock(mutex_);
    if (!want_process_) return false;
    deadline_us = boot_deadline_us_;
  }
  Result<std::shared_ptr<Link>> link = Spawn();
  Status status = link.status();
  if (status.ok()) status = CheckHello(**link, deadline_us);
  if (!status.ok() && link.ok()) static_cast<void>((*link)->Close(steady_clock::now()));
  SetBooting(nullptr);
  const base::MutexLock lock(mutex_);
  if (status.ok()) link_ = *link;
  spawned_ = status;
  want_process_ = false;
  changed_.NotifyAll();
  return true;
}

Result<std::shared_ptr<Link>> RemotePlugin::Spawn() {
  std::vector<std::string> missing;
  if (spec_.prepare) STRATA_RETURN_IF_ERROR(spec_.prepare(&missing));
  ProcessSpec process;
  process.path = spec_.program;
  process.argv = {"strata", "plugin-host", "image=" + spec_.image};
  for (std::string& word : ToWords(spec_.confinement)) process.argv.push_back(std::move(word));
  process.env = Environment(spec_.confinement.state_dir);
  process.output = [this](std::string_view line) {
    Log(STRATA_LOG_INFO, "plugin.output", {{"line", line}});
  };
  STRATA_ASSIGN_OR_RETURN(std::shared_ptr<Link> link, Link::Start(std::move(process)));
  if (spec_.started) STRATA_RETURN_IF_ERROR(spec_.started(link->process(), &missing));
  SetBooting(link);
  const base::MutexLock lock(mutex_);
  missing_ = std::move(missing);
  return link;
}

// The one before is not destroyed under the lock: the reader of its output may wait for it.
void RemotePlugin::SetBooting(std::shared_ptr<Link> link) {
  const base::MutexLock lock(mutex_);
  booting_.swap(link);
}

// It is there, and it is what it was.
Status RemotePlugin::CheckHello(Link& link, std::int64_t deadline_us) {
  const auto answer = Ask(link.channel(), path::kHello, {}, deadline_us);
  v1::HelloResponse hello;
  if (!answer.ok() || !hello.ParseFromString(*answer)) {
    link.Break();
    return Unavailable(WhyNoAnswer(link, answer.status(), "load"));
  }
  if (hello.reply().code() != STRATA_OK) {
    return {abi::ToCode(hello.reply().code()), hello.reply().message()};
  }
  auto methods = MethodsOf(hello, spec_.contracts);
  const base::MutexLock lock(mutex_);
  missing_.insert(missing_.end(), hello.missing().begin(), hello.missing().end());
  if (descriptor_.c_descriptor()->struct_size == 0) {
    descriptor_.Set(TextOf(hello), std::move(methods));
    return OkStatus();
  }
  if (descriptor_.Same(TextOf(hello), methods)) return OkStatus();
  return FailedPrecondition("the restarted process is another plugin");
}

bool RemotePlugin::TakeUpIfWanted() {
  std::shared_ptr<Link> old;
  {
    const base::MutexLock lock(mutex_);
    if (!std::exchange(take_up_, false)) return false;
    old = std::exchange(link_, nullptr);
    recovering_ = true;
  }
  if (old != nullptr) static_cast<void>(old->Close(steady_clock::now()));
  Recover("its process ended while another instance had the data");
  const base::MutexLock lock(mutex_);
  recovering_ = false;
  changed_.NotifyAll();
  return true;
}

void RemotePlugin::OnExit(const std::shared_ptr<Link>& ended) {
  const std::string how = ended->Close(steady_clock::now());
  {
    const base::MutexLock lock(mutex_);
    if (link_ != ended) return;  // It was let go.
    link_.reset();
    last_end_ = how;
    changed_.NotifyAll();
    if (phase_ != Phase::kRunning || stopping_) return;
    recovering_ = true;
  }
  std::string reason = how;
  if (const std::string line = ended->process().LastLine(); !line.empty()) reason += ": " + line;
  Recover(std::move(reason));
  const base::MutexLock lock(mutex_);
  recovering_ = false;
  changed_.NotifyAll();
}

void RemotePlugin::Recover(std::string reason) {
  const auto begun = steady_clock::now();
  while (true) {
    const std::size_t crashes = CountCrash();
    Log(STRATA_LOG_ERROR, "isolation.crashed",
        {{"reason", reason}, {"crashes", std::to_string(crashes)}});
    if (crashes >= kMaxCrashes) return Quarantine(crashes, reason);
    if (!PauseBeforeRestart(crashes)) return;
    const Status restarted = Restart();
    if (restarted.ok()) break;
    reason = restarted.message();
  }
  const auto took = std::chrono::duration<double, std::milli>(steady_clock::now() - begun);
  Log(STRATA_LOG_WARNING, "isolation.restarted", {{"took_ms", std::to_string(took.count())}});
}

std::size_t RemotePlugin::CountCrash() {
  const auto now = steady_clock::now();
  const base::MutexLock lock(mutex_);
  crashes_.push_back(now);
  ++all_crashes_;
  while (now - crashes_.front() > kCrashWindow) crashes_.pop_front();
  return crashes_.size();
}

void RemotePlugin::Quarantine(std::size_t crashes, const std::string& reason) {
  const strata_host* host = nullptr;
  std::string text = "quarantined: its process ended " + std::to_string(crashes) +
                     " times within " + std::to_string(kCrashWindow.count()) +
                     " s; last: " + reason;
  {
    const base::MutexLock lock(mutex_);
    quarantine_ = text;
    host = host_;
    changed_.NotifyAll();
  }
  Log(STRATA_LOG_ERROR, "isolation.quarantined", {{"reason", text}});
  host->set_health(host, STRATA_FAILED_PRECONDITION, abi::Str(text));
}

// At once after the first crash, then longer each time. False: nobody wants it any more.
bool RemotePlugin::PauseBeforeRestart(std::size_t crashes) {
  milliseconds pause{0};
  for (std::size_t i = 1; i < crashes; ++i) {
    pause = pause.count() == 0 ? kFirstPause : std::min(pause * 3, kLongestPause);
  }
  const auto until = steady_clock::now() + pause;
  const base::MutexLock lock(mutex_);
  while (phase_ == Phase::kRunning && !stopping_) {
    if (steady_clock::now() >= until) return true;
    changed_.WaitUntil(mutex_, until);
  }
  return false;
}

// The same instance in a new process.
Status RemotePlugin::Restart() {
  const auto timeout = std::chrono::duration_cast<std::chrono::microseconds>(spec_.start_timeout);
  const std::int64_t deadline_us = abi::MonotonicUs() + timeout.count();
  STRATA_ASSIGN_OR_RETURN(const std::shared_ptr<Link> link, Spawn());
  Status status = CheckHello(*link, deadline_us);
  if (status.ok()) status = BootInstance(*link, deadline_us);
  SetBooting(nullptr);
  if (!status.ok()) {
    static_cast<void>(link->Close(steady_clock::now()));
    return status;
  }
  const base::MutexLock lock(mutex_);
  link_ = link;
  ++restarts_;
  changed_.NotifyAll();
  return OkStatus();
}

Status RemotePlugin::BootInstance(Link& link, std::int64_t deadline_us) {
  std::string why;
  const strata_code created = CreateIn(link, deadline_us, &why);
  if (created != STRATA_OK) return {abi::ToCode(created), "create: " + why};
  const auto answer = Ask(link.channel(), path::kStart, StartRequestOf(), deadline_us);
  v1::Reply reply;
  if (!answer.ok() || !reply.ParseFromString(*answer)) {
    link.Break();
    return Unavailable(WhyNoAnswer(link, answer.status(), "start"));
  }
  if (reply.code() == STRATA_OK) return OkStatus();
  return {abi::ToCode(reply.code()), "start: " + reply.message()};
}

}  // namespace strata::isolation
