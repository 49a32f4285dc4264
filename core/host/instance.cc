#include "core/host/instance.h"

#include <utility>

#include "core/sdk/strata/abi.h"

namespace strata::host {
namespace {

strata_status NewStatus() {
  strata_status status{};
  status.struct_size = sizeof status;
  return status;
}

Status ToStatus(strata_code code, const strata_status& why, std::string_view what) {
  if (code == STRATA_OK) return OkStatus();
  std::string text(abi::View(why.message));
  if (text.empty()) text = std::string(what) + " gave no reason";
  return {abi::ToCode(code), std::move(text)};
}

}  // namespace

Instance::Instance(InstanceSpec spec, const HostServices& services)
    : spec_(std::move(spec)), bindings_(spec_.grants, services.names), api_(*this, services) {
  for (const State passed : {State::kVerified, State::kResolved, State::kLoaded}) Advance(passed);
  for (std::uint32_t i = 0; i < method_count(); ++i) {
    method_index_.emplace(abi::View(method(i).full_name), static_cast<std::int32_t>(i));
  }
}

Instance::~Instance() = default;

std::int32_t Instance::MethodIndex(std::string_view full_method) const {
  const auto found = method_index_.find(full_method);
  return found != method_index_.end() ? found->second : -1;
}

Status Instance::Create() {
  if (spec_.adopted != nullptr) {
    self_ = spec_.adopted;
    return OkStatus();
  }
  strata_status why = NewStatus();
  const strata_code code =
      spec_.plugin->create(api_.c_host(), abi::Bytes(spec_.config_json), &self_, &why);
  if (code == STRATA_OK && self_ == nullptr) return Internal("create gave no instance");
  if (code != STRATA_OK) self_ = nullptr;
  return ToStatus(code, why, "create");
}

Status Instance::Start() {
  strata_status why = NewStatus();
  return ToStatus(spec_.plugin->start(self_, &why), why, "start");
}

Status Instance::Drain(std::chrono::steady_clock::time_point deadline) {
  strata_status why = NewStatus();
  return ToStatus(spec_.plugin->drain(self_, abi::ToUs(deadline), &why), why, "drain");
}

Status Instance::Reconfigure(std::string_view config_json) {
  if (spec_.plugin->reconfigure == nullptr) return Unimplemented("it has no reconfigure");
  strata_status why = NewStatus();
  return ToStatus(spec_.plugin->reconfigure(self_, abi::Bytes(config_json), &why), why,
                  "reconfigure");
}

Status Instance::Control(const std::function<strata_code(void* self, strata_status* why)>& function,
                         std::string_view name) {
  if (function == nullptr) return Unimplemented("it has no " + std::string(name));
  // Keeps it from being destroyed, also when whoever asked has given up waiting.
  if (!BeginTask()) return Unavailable("it is being stopped");
  strata_status why = NewStatus();
  Status status;
  {
    const base::MutexLock lock(control_mutex_);
    status = ToStatus(function(self_, &why), why, name);
  }
  EndTask();
  return status;
}

const void* Instance::Extension(const char* id) const {
  const strata_plugin* const plugin = spec_.plugin.get();
  if (self_ == nullptr || !STRATA_HAS(plugin, extension) || plugin->extension == nullptr) {
    return nullptr;
  }
  return plugin->extension(self_, id);
}

void Instance::Stop() { spec_.plugin->stop(self_); }

void Instance::Destroy() {
  if (self_ != nullptr) spec_.plugin->destroy(std::exchange(self_, nullptr));
}

OutsideReport Instance::ReportOutside(const Isolation& isolation) {
  if (!BeginTask()) return {};
  const OutsideReport report = isolation.Report(spec_.plugin.get(), self_);
  EndTask();
  return report;
}

Health Instance::PollHealth() {
  if (!BeginTask()) return health();  // Keeps it from being destroyed meanwhile.
  strata_status why = NewStatus();
  const strata_code code = spec_.plugin->health(self_, &why);
  Health now{HealthState::kServing, std::string(abi::View(why.message))};
  if (code == STRATA_UNAVAILABLE) {
    now.state = HealthState::kStarting;
  } else if (code != STRATA_OK) {
    now.state = HealthState::kNotServing;
    if (now.reason.empty()) now.reason = CodeName(abi::ToCode(code));
  }
  {
    const base::MutexLock lock(mutex_);
    polled_ = std::move(now);
  }
  EndTask();
  return health();
}

Health Instance::health() const {
  const base::MutexLock lock(mutex_);
  return pushed_.state == HealthState::kNotServing ? pushed_ : polled_;
}

void Instance::PushHealth(strata_code code, std::string_view why) {
  const base::MutexLock lock(mutex_);
  pushed_.state = code == STRATA_OK ? HealthState::kServing : HealthState::kNotServing;
  pushed_.reason = why;
  if (code == STRATA_OK) polled_ = {HealthState::kServing, ""};
}

bool Instance::BeginTask() {
  const base::MutexLock lock(mutex_);
  if (refuse_tasks_) return false;
  ++tasks_;
  return true;
}

void Instance::EndTask() {
  const base::MutexLock lock(mutex_);
  if (--tasks_ == 0) tasks_done_.NotifyAll();
}

bool Instance::WaitForTasks(std::chrono::steady_clock::time_point deadline) {
  const base::MutexLock lock(mutex_);
  refuse_tasks_ = true;
  while (tasks_ > 0) {
    if (!tasks_done_.WaitUntil(mutex_, deadline) && std::chrono::steady_clock::now() >= deadline) {
      return tasks_ == 0;
    }
  }
  return true;
}

void Instance::BeginCall() {
  const base::MutexLock lock(mutex_);
  ++own_calls_;
}

void Instance::EndCall() {
  const base::MutexLock lock(mutex_);
  if (--own_calls_ == 0) tasks_done_.NotifyAll();
}

bool Instance::WaitForCalls(std::chrono::steady_clock::time_point deadline) {
  const base::MutexLock lock(mutex_);
  while (own_calls_ > 0) {
    if (!tasks_done_.WaitUntil(mutex_, deadline) && std::chrono::steady_clock::now() >= deadline) {
      return own_calls_ == 0;
    }
  }
  return true;
}

}  // namespace strata::host
