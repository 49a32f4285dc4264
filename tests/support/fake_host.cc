#include "tests/support/fake_host.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>

namespace strata::testing {
namespace {

constexpr std::uint64_t kNoMethod = 0xffffffff;
constexpr std::size_t kMaxSlots = 64;

// "/a.B/" of "/a.B/Get"
std::string_view ServicePart(std::string_view method) {
  return method.substr(0, method.rfind('/') + 1);
}

// Index of `method` in the plugin's table; kNoMethod if it serves the service without it; nothing
// if it does not serve the service.
std::optional<std::uint64_t> FindMethod(const strata_plugin& plugin, std::string_view method) {
  std::optional<std::uint64_t> found;
  for (std::size_t i = 0; i < plugin.desc->method_count; ++i) {
    const std::string_view name = abi::View(plugin.desc->methods[i].full_name);
    if (name == method) return i;
    if (ServicePart(name) == ServicePart(method)) found = kNoMethod;
  }
  return found;
}

strata_code Refuse(strata_call* c, strata_code code, std::string_view why) {
  const strata_status status{sizeof(strata_status), code, abi::Str(why), {}};
  c->ops->set_status(c, &status);
  return code;
}

Status ToStatus(strata_code code, const strata_status& why) {
  if (code == STRATA_OK) return {};
  return Status(abi::ToCode(code), std::string(abi::View(why.message)))
      .WithDetails(std::string(abi::View(why.details)));
}

}  // namespace

struct FakeHost::State {
  std::vector<std::unique_ptr<Slot>> slots;  // [0] is the test itself
  // Those of `slots` that run, for the calls of plugins' own threads.
  std::array<std::atomic<Slot*>, kMaxSlots> running{};
  std::string state_dir;
  std::string package_dir;
  std::map<std::string, std::string, std::less<>> secrets;
  std::atomic<std::int64_t> now_us{1'700'000'000'000'000};

  mutable std::mutex mutex;
  std::vector<LogLine> logs;
  std::vector<std::string> metric_names;
  std::vector<double> metric_values;
  std::vector<std::int32_t> metric_kinds;
};

// One wired instance: what the plugin knows as its strata_host.
class FakeHost::Slot final : public strata_host {
 public:
  Slot(State* state, std::string name, const strata_plugin* plugin, std::string config,
       Bindings bindings)
      : strata_host{},
        state_(state),
        name_(std::move(name)),
        config_(std::move(config)),
        state_dir_(state->state_dir),
        package_dir_(state->package_dir),
        bindings_(std::move(bindings)),
        plugin_(plugin) {
    strata_host& host = *this;
    host = {sizeof(strata_host),  STRATA_ABI_MINOR,  abi::Str("strata-fake-host"),
            abi::Str("0"),        abi::Str(name_),   abi::Str(package_dir_),
            abi::Str(state_dir_), &Slot::NowUs,      &Slot::WriteLog,
            &Slot::Resolve,       &Slot::CallOther,  &Slot::RegisterMetric,
            &Slot::RecordMetric,  &Slot::SubmitWork, &Slot::PushHealth,
            &Slot::FindExtension};
  }
  ~Slot() { Shutdown(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  const std::string& name() const { return name_; }
  const strata_plugin* plugin() const { return plugin_; }
  void* instance() const { return instance_; }
  void Bind(const std::string& name, const std::string& target) { bindings_[name] = target; }

  Status Boot() {
    strata_status why = EmptyStatus();
    void* instance = nullptr;
    const strata_code created = plugin_->create(this, abi::Bytes(config_), &instance, &why);
    if (created != STRATA_OK) return ToStatus(created, why);
    instance_ = instance;
    why = EmptyStatus();
    const Status started = ToStatus(plugin_->start(instance_, &why), why);
    if (!started.ok()) Destroy();
    return started;
  }

  void Shutdown() {
    if (instance_ == nullptr) return;
    strata_status why = EmptyStatus();
    static_cast<void>(plugin_->drain(instance_, abi::MonotonicUs() + 5'000'000, &why));
    JoinWork();
    plugin_->stop(instance_);
    Destroy();
  }

  Status Health() const {
    strata_status why = EmptyStatus();
    const strata_code code = plugin_->health(instance_, &why);
    return ToStatus(code, why);
  }

 private:
  static strata_status EmptyStatus() { return {sizeof(strata_status), STRATA_OK, {}, {}}; }
  static Slot& Of(const strata_host* h) { return *const_cast<Slot*>(static_cast<const Slot*>(h)); }

  void Destroy() { plugin_->destroy(instance_.exchange(nullptr)); }

  void JoinWork() {
    std::vector<std::thread> work;
    {
      const std::lock_guard<std::mutex> lock(state_->mutex);
      work.swap(work_);
    }
    for (std::thread& thread : work) thread.join();
  }

  static std::int64_t NowUs(const strata_host* h) { return Of(h).state_->now_us; }

  static void WriteLog(const strata_host* h, std::int32_t severity, strata_str event,
                       const strata_kv* fields, std::size_t n) {
    LogLine line{Of(h).name_, severity, std::string(abi::View(event)), {}};
    for (std::size_t i = 0; i < n; ++i) {
      line.fields.emplace(abi::View(fields[i].key), abi::View(fields[i].value));
    }
    const std::lock_guard<std::mutex> lock(Of(h).state_->mutex);
    Of(h).state_->logs.push_back(std::move(line));
  }

  std::uint64_t Handle(std::string_view target, std::string_view method) const {
    for (std::size_t i = 1; i < kMaxSlots; ++i) {
      const Slot* const callee = state_->running[i];
      if (callee == nullptr || callee->name_ != target) continue;
      const auto index = FindMethod(*callee->plugin_, method);
      return index ? i << 32 | *index : 0;
    }
    return 0;
  }

  static std::uint64_t Resolve(const strata_host* h, strata_str binding, strata_str method) {
    const Slot& self = Of(h);
    if (binding.size != 0) {
      const auto bound = self.bindings_.find(std::string(abi::View(binding)));
      return bound == self.bindings_.end() ? 0 : self.Handle(bound->second, abi::View(method));
    }
    std::uint64_t only = 0;
    for (const auto& [name, target] : self.bindings_) {
      const std::uint64_t handle = self.Handle(target, abi::View(method));
      if (handle != 0 && only != 0) return 0;  // ambiguous
      only = std::max(only, handle);
    }
    return only;
  }

  static strata_code CallOther(const strata_host* h, strata_call* c) {
    const std::uint64_t handle = c->method;
    const std::uint64_t index = handle & kNoMethod;
    const std::size_t number = handle >> 32;
    const Slot* const callee = number < kMaxSlots ? Of(h).state_->running[number].load() : nullptr;
    if (callee == nullptr) return Refuse(c, STRATA_PERMISSION_DENIED, "no such handle");
    if (index == kNoMethod) {
      return Refuse(c, STRATA_UNIMPLEMENTED,
                    "the bound plugin is of a contract without this method");
    }
    void* const instance = callee->instance_;
    if (instance == nullptr) return Refuse(c, STRATA_UNAVAILABLE, "the plugin is stopped");

    CallFrame frame{{}, c->deadline_us};
    if (c->parent != nullptr) {
      const auto* above = reinterpret_cast<const CallFrame*>(c->parent->host_ref);
      frame.auth = above->auth;
      if (frame.deadline_us == 0) frame.deadline_us = above->deadline_us;
      if (above->deadline_us != 0) {
        frame.deadline_us = std::min(frame.deadline_us, above->deadline_us);
      }
    }
    c->auth = abi::Bytes(frame.auth);
    c->deadline_us = frame.deadline_us;
    c->host_ref = reinterpret_cast<std::uint64_t>(&frame);
    c->method = index;
    const strata_code code = callee->plugin_->handle(instance, c);
    c->method = handle;
    return code != STRATA_PENDING ? code
                                  : Refuse(c, STRATA_INTERNAL, "FakeHost serves no async methods");
  }

  static std::uint64_t RegisterMetric(const strata_host* h, std::int32_t kind, strata_str name,
                                      const strata_kv*, std::size_t) {
    State& state = *Of(h).state_;
    const std::lock_guard<std::mutex> lock(state.mutex);
    state.metric_names.emplace_back(abi::View(name));
    state.metric_kinds.push_back(kind);
    state.metric_values.push_back(0);
    return state.metric_names.size();
  }

  static void RecordMetric(const strata_host* h, std::uint64_t metric, double value) {
    State& state = *Of(h).state_;
    const std::lock_guard<std::mutex> lock(state.mutex);
    double& current = state.metric_values.at(metric - 1);
    current = state.metric_kinds.at(metric - 1) == STRATA_COUNTER ? current + value : value;
  }

  static strata_code SubmitWork(const strata_host* h, void (*fn)(void*), void* arg) {
    const std::lock_guard<std::mutex> lock(Of(h).state_->mutex);
    Of(h).work_.emplace_back(fn, arg);
    return STRATA_OK;
  }

  static void PushHealth(const strata_host* h, strata_code code, strata_str why) {
    const strata_kv field{abi::Str("why"), {reinterpret_cast<const uint8_t*>(why.data), why.size}};
    WriteLog(h, code == STRATA_OK ? STRATA_LOG_INFO : STRATA_LOG_WARNING,
             abi::Str("fake_host.health"), &field, 1);
  }

  static strata_code GetSecret(const strata_host* h, strata_str name,
                               void (*use)(void*, strata_bytes), void* arg) {
    const auto& secrets = Of(h).state_->secrets;
    const auto found = secrets.find(abi::View(name));
    if (found == secrets.end()) return STRATA_NOT_FOUND;
    use(arg, abi::Bytes(found->second));
    return STRATA_OK;
  }

  static const void* FindExtension(const strata_host*, const char* id) {
    static constexpr strata_ext_secrets kSecrets = {sizeof(strata_ext_secrets), &GetSecret};
    return std::string_view(id) == STRATA_EXT_SECRETS ? &kSecrets : nullptr;
  }

  State* state_;
  std::string name_;
  std::string config_;
  std::string state_dir_;
  std::string package_dir_;
  Bindings bindings_;
  const strata_plugin* plugin_;
  std::atomic<void*> instance_{nullptr};
  std::vector<std::thread> work_;  // guarded by state_->mutex
};

FakeHost::FakeHost() : state_(std::make_unique<State>()) {
  state_->slots.push_back(
      std::make_unique<Slot>(state_.get(), "test", nullptr, "", FakeHost::Bindings()));
}

FakeHost::~FakeHost() {
  while (!state_->slots.empty()) {
    state_->slots.back()->Shutdown();
    state_->running[state_->slots.size() - 1] = nullptr;
    state_->slots.pop_back();
  }
}

Status FakeHost::Add(std::string slot, const strata_plugin* plugin, std::string_view config,
                     Bindings bindings) {
  for (const auto& [name, target] : bindings) {
    if (Find(target) == nullptr) return InvalidArgument(name + " is bound to no slot: " + target);
  }
  const std::size_t number = state_->slots.size();
  if (number == kMaxSlots) return ResourceExhausted("too many slots for a test");
  state_->slots.push_back(
      std::make_unique<Slot>(state_.get(), slot, plugin, std::string(config), std::move(bindings)));
  Status booted = state_->slots.back()->Boot();
  if (!booted.ok()) {
    state_->slots.pop_back();
    return booted;
  }
  state_->running[number] = state_->slots.back().get();
  state_->slots.front()->Bind(slot, slot);
  return {};
}

Status FakeHost::Restart(std::string_view slot) {
  Find(slot)->Shutdown();
  return Find(slot)->Boot();
}

FakeHost::Slot* FakeHost::Find(std::string_view slot) const {
  for (const auto& candidate : state_->slots) {
    if (candidate->name() == slot) return candidate.get();
  }
  return nullptr;
}

Host FakeHost::Client() const { return Host(state_->slots.front().get()); }
Host FakeHost::HostOf(std::string_view slot) const { return Host(Find(slot)); }
void* FakeHost::Instance(std::string_view slot) const { return Find(slot)->instance(); }
Status FakeHost::Health(std::string_view slot) const { return Find(slot)->Health(); }

void FakeHost::SetStateDir(std::string dir) { state_->state_dir = std::move(dir); }
void FakeHost::SetPackageDir(std::string dir) { state_->package_dir = std::move(dir); }
void FakeHost::SetNowUs(std::int64_t now_us) { state_->now_us = now_us; }
void FakeHost::SetSecret(std::string name, std::string value) {
  state_->secrets[std::move(name)] = std::move(value);
}

std::vector<LogLine> FakeHost::Logs() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->logs;
}

std::optional<double> FakeHost::MetricValue(std::string_view name) const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  for (std::size_t i = 0; i < state_->metric_names.size(); ++i) {
    if (state_->metric_names[i] == name) return state_->metric_values[i];
  }
  return std::nullopt;
}

}  // namespace strata::testing
