#include "core/isolation/remote_plugin.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/isolation/forward.h"
#include "core/isolation/paths.h"
#include "core/isolation/remote_table.h"
#include "core/sdk/strata/abi.h"
#include "strata/isolation/v1/isolation.pb.h"

namespace strata::isolation {
namespace {

using std::chrono::steady_clock;

constexpr std::int64_t kHealthUs = 500'000;
// The core gives a plugin one second beyond its deadlines; we stay within.
constexpr std::int64_t kGraceUs = 600'000;
constexpr std::int64_t kLongUs = 30'000'000;

}  // namespace

RemotePlugin::RemotePlugin(RemoteSpec spec)
    : spec_(std::move(spec)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  table_.self = this;
  supervisor_ = std::thread([this] { Supervise(); });
}

RemotePlugin::~RemotePlugin() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  Wake();
  supervisor_.join();
  if (table_.create != nullptr) RemoteTable::Release(trampoline_);
}

RemoteReport RemotePlugin::Report() const {
  const base::MutexLock lock(mutex_);
  RemoteReport out;
  if (link_ != nullptr && !link_->broken()) out.pid = link_->process().pid();
  out.restarts = restarts_;
  out.crashes = all_crashes_;
  out.quarantine = quarantine_;
  return out;
}

void RemotePlugin::Log(
    std::int32_t severity, std::string_view event,
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) const {
  std::vector<strata_kv> kvs;
  for (const auto& [key, value] : fields) kvs.push_back({abi::Str(key), abi::Bytes(value)});
  const base::MutexLock lock(log_mutex_);
  if (log_host_ != nullptr) {
    log_host_->log(log_host_, severity, abi::Str(event), kvs.data(), kvs.size());
  }
}

void RemotePlugin::SetLogHost(const strata_host* host) {
  const base::MutexLock lock(log_mutex_);
  log_host_ = host;
}

bool RemotePlugin::Extends(std::string_view id) const {
  const base::MutexLock lock(mutex_);
  return std::find(extensions_.begin(), extensions_.end(), id) != extensions_.end();
}

// ---- control plane -----------------------------------------------------------------------------

strata_code RemotePlugin::CreateAny(const strata_host* host, strata_bytes config,
                                    OutsidePlugin** out, strata_status* why) {
  {
    const base::MutexLock lock(mutex_);
    if (phase_ == Phase::kLoaded) {
      phase_ = Phase::kCreating;
      *out = this;
    }
  }
  if (*out == this) return Create(host, config, why);
  auto opened = Open(spec_);
  if (!opened.ok()) {
    return Explain(why, static_cast<strata_code>(opened.status().code()),
                   opened.status().message());
  }
  auto* const sibling = static_cast<RemotePlugin*>(Of(opened->get()));
  sibling->first_ = this;
  {
    const base::MutexLock lock(mutex_);
    siblings_.emplace(sibling, *std::move(opened));
  }
  const strata_code code = sibling->CreateAny(host, config, out, why);
  if (code != STRATA_OK) DropSibling(sibling);
  return code;
}

void RemotePlugin::DropSibling(RemotePlugin* sibling) {
  std::shared_ptr<const strata_plugin> last;  // Its end is awaited without the lock.
  const base::MutexLock lock(mutex_);
  const auto found = siblings_.find(sibling);
  if (found == siblings_.end()) return;
  last = std::move(found->second);
  siblings_.erase(found);
}

strata_code RemotePlugin::Create(const strata_host* host, strata_bytes config, strata_status* why) {
  SetLogHost(host);
  std::shared_ptr<Link> link;
  std::int64_t deadline_us = 0;
  {
    const base::MutexLock lock(mutex_);
    host_ = host;
    config_ = abi::View(config);
    restarts_ = 0;
    all_crashes_ = 0;
    crashes_.clear();
    quarantine_.clear();
    const auto timeout = std::chrono::duration_cast<std::chrono::microseconds>(spec_.start_timeout);
    boot_deadline_us_ = deadline_us = abi::MonotonicUs() + timeout.count() * 9 / 10;
    if (link_ == nullptr) {  // The first one has ended: with the instance before, or by itself.
      want_process_ = true;
      Wake();
      while (want_process_) changed_.Wait(mutex_);
    }
    link = link_;
    if (link == nullptr) {
      phase_ = Phase::kLoaded;
      host_ = nullptr;
      SetLogHost(nullptr);
      return Explain(why, static_cast<strata_code>(spawned_.code()), spawned_.message());
    }
  }
  std::string text;
  const strata_code code = CreateIn(*link, deadline_us, &text);
  if (code == STRATA_OK) return code;
  End(abi::MonotonicUs());
  return Explain(why, code, std::move(text));
}

strata_code RemotePlugin::CreateIn(Link& link, std::int64_t deadline_us, std::string* why) {
  v1::CreateRequest request;
  const strata_host* host = nullptr;
  {
    const base::MutexLock lock(mutex_);
    host = host_;
    request.set_config_json(config_);
  }
  link.SetHost(host);
  request.set_product(std::string(abi::View(host->product)));
  request.set_version(std::string(abi::View(host->version)));
  request.set_slot(std::string(abi::View(host->slot)));
  request.set_package_dir(std::string(abi::View(host->package_dir)));
  request.set_state_dir(std::string(abi::View(host->state_dir)));
  request.set_secrets(host->extension != nullptr &&
                      host->extension(host, STRATA_EXT_SECRETS) != nullptr);
  request.set_handover(host->extension != nullptr &&
                       host->extension(host, STRATA_EXT_HOST_HANDOVER) != nullptr);
  const auto answer = Ask(link.channel(), path::kCreate, request.SerializeAsString(), deadline_us);
  v1::CreateResponse response;
  if (!answer.ok() || !response.ParseFromString(*answer)) {
    link.Break();
    *why = WhyNoAnswer(link, answer.status(), "create");
    return answer.status().code() == Code::kDeadlineExceeded ? STRATA_DEADLINE_EXCEEDED
                                                             : STRATA_UNAVAILABLE;
  }
  *why = response.reply().message();
  const base::MutexLock lock(mutex_);
  extensions_.assign(response.extensions().begin(), response.extensions().end());
  return response.reply().code();
}

// After a control call without an answer; the process has been killed.
std::string RemotePlugin::WhyNoAnswer(Link& link, const Status& status, std::string_view step) {
  std::string out(step);
  if (status.code() == Code::kDeadlineExceeded)
    return out + " did not return; its process was killed";
  const auto how = link.process().WaitUntil(steady_clock::now() + std::chrono::seconds(1));
  out += ": its process ended (" + how.value_or("still running") + ")";
  if (const std::string line = link.process().LastLine(); !line.empty()) out += ": " + line;
  return out;
}

strata_code RemotePlugin::Control(const char* method, const std::string& request,
                                  std::int64_t deadline_us, strata_status* why) {
  strata_code code = STRATA_OK;
  const auto answer = AskControl(method, request, deadline_us, &code, why);
  if (!answer) return code;
  v1::Reply reply;
  if (!reply.ParseFromString(*answer)) return Explain(why, STRATA_INTERNAL, "no answer of its own");
  if (reply.code() == STRATA_OK && reply.message().empty()) return STRATA_OK;
  return Explain(why, reply.code(), reply.message());
}

std::optional<std::string> RemotePlugin::AskControl(const char* method, const std::string& request,
                                                    std::int64_t deadline_us, strata_code* code,
                                                    strata_status* why) {
  const std::shared_ptr<Link> link = CurrentLink();
  if (link == nullptr) {
    *code = Explain(why, STRATA_UNAVAILABLE, "its process has ended");
    return std::nullopt;
  }
  const auto answer = Ask(link->channel(), method, request, deadline_us);
  if (answer.ok()) return *answer;
  link->Break();
  const bool late = answer.status().code() == Code::kDeadlineExceeded;
  std::string_view step = method;
  step.remove_prefix(step.rfind('/') + 1);
  *code = Explain(why, late ? STRATA_DEADLINE_EXCEEDED : STRATA_UNAVAILABLE,
                  WhyNoAnswer(*link, answer.status(), step));
  return std::nullopt;
}

std::string RemotePlugin::StartRequestOf() const {
  const strata_host* host = nullptr;
  {
    const base::MutexLock lock(mutex_);
    host = host_;
  }
  const auto* const handover = host->extension == nullptr
                                   ? nullptr
                                   : static_cast<const strata_ext_host_handover*>(
                                         host->extension(host, STRATA_EXT_HOST_HANDOVER));
  v1::StartRequest request;
  request.set_handover_pending(handover != nullptr && handover->pending(host) != 0);
  return request.SerializeAsString();
}

strata_code RemotePlugin::Start(strata_status* why) {
  std::int64_t deadline_us = 0;
  {
    const base::MutexLock lock(mutex_);
    deadline_us = boot_deadline_us_;
  }
  const strata_code code = Control(path::kStart, StartRequestOf(), deadline_us, why);
  if (code != STRATA_OK) return code;
  std::string missing;
  {
    const base::MutexLock lock(mutex_);
    phase_ = Phase::kRunning;
    for (const std::string& what : missing_) missing += (missing.empty() ? "" : ", ") + what;
  }
  Wake();  // Crashes count from here on, also one that has just happened.
  if (!missing.empty()) Log(STRATA_LOG_WARNING, "isolation.missing", {{"protections", missing}});
  return STRATA_OK;
}

strata_code RemotePlugin::Health(strata_status* why) {
  std::string missing;
  {
    const base::MutexLock lock(mutex_);
    if (!quarantine_.empty()) return Explain(why, STRATA_FAILED_PRECONDITION, quarantine_);
    if (link_ == nullptr || link_->broken()) {
      return Explain(why, STRATA_UNAVAILABLE, "its process is being restarted");
    }
    for (const std::string& what : missing_) missing += (missing.empty() ? "" : ", ") + what;
  }
  const std::shared_ptr<Link> link = CurrentLink();
  if (link == nullptr) return Explain(why, STRATA_UNAVAILABLE, "its process is being restarted");
  const auto answer = Ask(link->channel(), path::kHealth, {}, abi::MonotonicUs() + kHealthUs);
  v1::Reply reply;
  if (answer.status().code() == Code::kDeadlineExceeded) {
    return Explain(why, STRATA_DEADLINE_EXCEEDED, "it does not answer");
  }
  if (!answer.ok() || !reply.ParseFromString(*answer)) {
    return Explain(why, STRATA_UNAVAILABLE, "its process is being restarted");
  }
  std::string text = reply.message();
  if (reply.code() == STRATA_OK && !missing.empty()) {
    text += (text.empty() ? "runs without " : "; runs without ") + missing;
  }
  return Explain(why, reply.code(), std::move(text));
}

strata_code RemotePlugin::Reconfigure(strata_bytes config, strata_status* why) {
  v1::ConfigRequest request;
  request.set_config_json(std::string(abi::View(config)));
  const strata_code code =
      Control(path::kReconfigure, request.SerializeAsString(), abi::MonotonicUs() + kLongUs, why);
  if (code == STRATA_OK) {
    const base::MutexLock lock(mutex_);
    config_ = request.config_json();  // A process that comes later has it too.
  }
  return code;
}

strata_code RemotePlugin::Drain(std::int64_t deadline_us, strata_status* why) {
  const std::int64_t now_us = abi::MonotonicUs();
  {
    const base::MutexLock lock(mutex_);
    phase_ = Phase::kEnding;
    drain_deadline_us_ = deadline_us;
    if (link_ == nullptr) return STRATA_OK;  // It crashed: nothing is left to drain.
  }
  v1::DrainRequest request;
  if (deadline_us != 0) request.set_timeout_us(std::max<std::int64_t>(deadline_us - now_us, 1));
  const std::int64_t until_us =
      deadline_us == 0 ? now_us + kLongUs : std::max(deadline_us, now_us) + kGraceUs;
  return Control(path::kDrain, request.SerializeAsString(), until_us, why);
}

void RemotePlugin::Stop() {
  std::int64_t until_us = abi::MonotonicUs() + kGraceUs;
  {
    const base::MutexLock lock(mutex_);
    phase_ = Phase::kEnding;
    until_us = std::max(until_us, drain_deadline_us_ + kGraceUs);
    if (link_ == nullptr) return;
  }
  static_cast<void>(Control(path::kStop, {}, until_us, nullptr));
}

void RemotePlugin::Destroy() {
  if (CurrentLink() != nullptr) {
    static_cast<void>(Control(path::kDestroy, {}, abi::MonotonicUs() + kGraceUs, nullptr));
  }
  End(abi::MonotonicUs() + kGraceUs);
  if (first_ != nullptr) first_->DropSibling(this);  // The last thing: this object is gone now.
}

// No process follows from here on; the one that is there.
std::shared_ptr<Link> RemotePlugin::TakeLink(Phase phase) {
  std::shared_ptr<Link> booting;
  {
    const base::MutexLock lock(mutex_);
    phase_ = phase;
    booting = booting_;
    changed_.NotifyAll();
  }
  if (booting != nullptr) booting->Break();
  Wake();
  const base::MutexLock lock(mutex_);
  while (recovering_) changed_.Wait(mutex_);
  return std::exchange(link_, nullptr);
}

// The process of this instance goes; the next create starts another.
void RemotePlugin::End(std::int64_t deadline_us) {
  const std::shared_ptr<Link> link = TakeLink(Phase::kEnding);
  if (link != nullptr) static_cast<void>(link->Close(abi::FromUs(deadline_us)));
  Wake();  // The supervisor forgets the process.
  SetLogHost(nullptr);
  const base::MutexLock lock(mutex_);
  phase_ = Phase::kLoaded;
  host_ = nullptr;
  extensions_.clear();
}

strata_code RemotePlugin::Handover(const char* step, strata_status* why) {
  if (step != path::kRelease && spec_.prepare) {
    // What the one before has left belongs to it: this one must be able to write it.
    std::vector<std::string> missing;
    const Status prepared = spec_.prepare(&missing);
    if (!prepared.ok()) {
      return Explain(why, static_cast<strata_code>(prepared.code()), prepared.message());
    }
  }
  if (step == path::kReacquire && TakeUpAgain()) return STRATA_OK;
  strata_code code = Control(step, {}, abi::MonotonicUs() + kLongUs, why);
  if (code != STRATA_OK && step == path::kRelease && CurrentLink() == nullptr) {
    ReleaseEnded();
    code = STRATA_OK;
  }
  if (code == STRATA_OK) {
    // Who has released must not be started again: start() would open what another one owns now.
    const base::MutexLock lock(mutex_);
    phase_ = step == path::kRelease ? Phase::kReleased : Phase::kRunning;
  }
  return code;
}

// A process that has ended holds no data any more: what is left is that none follows it.
void RemotePlugin::ReleaseEnded() {
  const std::shared_ptr<Link> link = TakeLink(Phase::kReleased);
  if (link != nullptr) static_cast<void>(link->Close(steady_clock::now()));
}

// After a crash of an instance that had released its data and is to have it back: a new process,
// whose start() opens it. False: there was no crash.
bool RemotePlugin::TakeUpAgain() {
  const base::MutexLock lock(mutex_);
  if (phase_ != Phase::kReleased || (link_ != nullptr && !link_->broken())) return false;
  phase_ = Phase::kRunning;
  take_up_ = true;
  Wake();
  const auto until = steady_clock::now() + kMaxWait;
  while ((link_ == nullptr || link_->broken()) && quarantine_.empty()) {
    if (!changed_.WaitUntil(mutex_, until) && steady_clock::now() >= until) break;
  }
  return link_ != nullptr && !link_->broken();
}

}  // namespace strata::isolation
