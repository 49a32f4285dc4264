#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"
#include "core/isolation/kept_requests.h"
#include "core/isolation/link.h"
#include "core/isolation/outside_plugin.h"
#include "core/isolation/remote_descriptor.h"
#include "core/isolation/sandbox.h"

namespace strata::isolation {

enum class Shape : std::uint8_t;  // forward.h
struct Forwarded;

// How the process of an isolated plugin is made.
struct RemoteSpec {
  std::string program = "/proc/self/exe";  // Has the command `plugin-host`.
  std::string image;                       // The verified shared object.
  Confinement confinement;
  std::chrono::milliseconds start_timeout{30'000};  // For create, start and a restart.
  // Runs before each start of a process: limits and folders. Adds what the system does not offer.
  std::function<Status(std::vector<std::string>* missing)> prepare;
  // Runs for each process that was started.
  std::function<Status(Process& process, std::vector<std::string>* missing)> started;
  std::string contracts;  // Serialized FileDescriptorSet: finds the request_id of requests.
};

// A plugin that runs in a process of its own, as the vtable of an ordinary one: create connects,
// control functions are messages, handle() forwards. Looks after the process: a crash is followed
// by a new one with the same configuration (at once, then with growing pauses); calls wait for it.
// Calls in flight are UNAVAILABLE, but for those that can be repeated (idempotent, or their first
// request carries a request_id and there is room to keep all of them) and of whose answer the
// caller has nothing yet: they are, once. After kMaxCrashes within kCrashWindow it is quarantined.
//
// Thread-safe as the ABI asks. Several instances at a time have a process each.
class RemotePlugin final : public OutsidePlugin {
 public:
  static constexpr std::size_t kMaxCrashes = 5;
  static constexpr std::chrono::seconds kCrashWindow{60};
  // How long a call waits for the process to be back.
  static constexpr std::chrono::seconds kMaxWait{5};
  // Of large requests that are kept at a time, beyond what each call may keep anyhow.
  static constexpr std::size_t kKeptBytes = std::size_t{160} << 20;

  // Starts the process and asks for the descriptor. The process ends with the last owner of the
  // vtable. FAILED_PRECONDITION: the image cannot be loaded; UNAVAILABLE: no process, or it ended;
  // RESOURCE_EXHAUSTED: too many isolated plugins at once.
  static Result<std::shared_ptr<const strata_plugin>> Open(RemoteSpec spec);

  ~RemotePlugin() override;
  RemotePlugin(const RemotePlugin&) = delete;
  RemotePlugin& operator=(const RemotePlugin&) = delete;

  RemoteReport Report() const override;
  strata_code CreateAny(const strata_host* host, strata_bytes config, OutsidePlugin** out,
                        strata_status* why) override;
  strata_code Start(strata_status* why) override;
  strata_code Health(strata_status* why) override;
  strata_code Reconfigure(strata_bytes config, strata_status* why) override;
  strata_code Handle(strata_call* c) override;
  strata_code Drain(std::int64_t deadline_us, strata_status* why) override;
  void Stop() override;
  void Destroy() override;
  bool Extends(std::string_view id) const override;
  strata_code Handover(const char* step, strata_status* why) override;
  strata_code Migrate(const FormatStep& step, strata_format_state* out,
                      strata_status* why) override;

 private:
  enum class Phase : std::uint8_t { kLoaded, kCreating, kRunning, kReleased, kEnding };

  explicit RemotePlugin(RemoteSpec spec);
  Status Boot();

  strata_code Create(const strata_host* host, strata_bytes config, strata_status* why);
  // A control call. When there is no answer the process is killed.
  strata_code Control(const char* method, const std::string& request, std::int64_t deadline_us,
                      strata_status* why);
  // The same with the whole answer; nothing: the code and *why say what happened.
  std::optional<std::string> AskControl(const char* method, const std::string& request,
                                        std::int64_t deadline_us, strata_code* code,
                                        strata_status* why);
  strata_code CreateIn(Link& link, std::int64_t deadline_us, std::string* why);
  std::string StartRequestOf() const;
  std::shared_ptr<Link> TakeLink(Phase phase);
  void ReleaseEnded();
  bool TakeUpAgain();
  void DropSibling(RemotePlugin* sibling);
  static std::string WhyNoAnswer(Link& link, const Status& status, std::string_view step);
  void End(std::int64_t deadline_us);
  std::string CallHeadOf(const strata_call* c, const std::string& token) const;
  bool MayRepeat(const strata_call* c) const;
  Shape ShapeFor(const strata_call* c) const;
  Forwarded Send(Link& link, const std::string& head, Shape shape, KeptRequests* requests,
                 strata_call* c) const;
  // Null: the reason is in *why.
  std::shared_ptr<Link> WaitForLink(const strata_call* c, std::string* why);
  std::shared_ptr<Link> CurrentLink() const;
  void Log(std::int32_t severity, std::string_view event,
           std::initializer_list<std::pair<std::string_view, std::string_view>> fields) const;

  void SetLogHost(const strata_host* host);

  // The supervisor's thread (supervisor.cc).
  void Supervise();
  bool SpawnIfWanted();
  bool TakeUpIfWanted();
  Result<std::shared_ptr<Link>> Spawn();
  void SetBooting(std::shared_ptr<Link> link);
  Status CheckHello(Link& link, std::int64_t deadline_us);
  void OnExit(const std::shared_ptr<Link>& ended);
  void Recover(std::string reason);
  std::size_t CountCrash();
  void Quarantine(std::size_t crashes, const std::string& reason);
  bool PauseBeforeRestart(std::size_t crashes);
  Status Restart();
  Status BootInstance(Link& link, std::int64_t deadline_us);
  void Wake();

  RemoteSpec spec_;
  Table table_;
  RemoteDescriptor descriptor_;
  std::size_t trampoline_ = 0;
  KeptRoom kept_room_{kKeptBytes};
  RemotePlugin* first_ = nullptr;  // Of a sibling; set before its create.
  const base::UniqueFd wake_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  Phase phase_ STRATA_GUARDED_BY(mutex_) = Phase::kLoaded;
  bool want_process_ STRATA_GUARDED_BY(mutex_) = false;
  bool stopping_ STRATA_GUARDED_BY(mutex_) = false;
  bool take_up_ STRATA_GUARDED_BY(mutex_) = false;
  // Further instances at the same time: each has a process of its own. shared: the vtable owns it.
  std::map<RemotePlugin*, std::shared_ptr<const strata_plugin>> siblings_ STRATA_GUARDED_BY(mutex_);
  bool recovering_ STRATA_GUARDED_BY(mutex_) = false;
  Status spawned_ STRATA_GUARDED_BY(mutex_);
  // shared: with the calls on it. `link_` serves; `booting_` does not yet.
  std::shared_ptr<Link> link_ STRATA_GUARDED_BY(mutex_);
  std::shared_ptr<Link> booting_ STRATA_GUARDED_BY(mutex_);
  const strata_host* host_ STRATA_GUARDED_BY(mutex_) = nullptr;
  std::string config_ STRATA_GUARDED_BY(mutex_);
  std::vector<std::string> extensions_ STRATA_GUARDED_BY(mutex_);
  std::vector<std::string> missing_ STRATA_GUARDED_BY(mutex_);
  std::string last_end_ STRATA_GUARDED_BY(mutex_);  // How the last process ended.
  std::string quarantine_ STRATA_GUARDED_BY(mutex_);
  std::uint32_t restarts_ STRATA_GUARDED_BY(mutex_) = 0;
  std::uint32_t all_crashes_ STRATA_GUARDED_BY(mutex_) = 0;  // Of this instance.
  std::deque<std::chrono::steady_clock::time_point> crashes_ STRATA_GUARDED_BY(mutex_);
  std::int64_t boot_deadline_us_ STRATA_GUARDED_BY(mutex_) = 0;
  std::int64_t drain_deadline_us_ STRATA_GUARDED_BY(mutex_) = 0;

  // Held while the host writes a line: it may not go meanwhile.
  mutable base::Mutex log_mutex_;
  const strata_host* log_host_ STRATA_GUARDED_BY(log_mutex_) = nullptr;

  std::thread supervisor_;  // Last: uses the rest.
};

}  // namespace strata::isolation
