#include "core/isolation/host_shim.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "core/isolation/call_parts.h"
#include "core/isolation/forward.h"
#include "core/isolation/paths.h"
#include "core/isolation/plugin_call.h"
#include "core/sdk/strata/abi.h"
#include "strata/common/v1/common.pb.h"

namespace strata::isolation {
namespace {

constexpr std::int64_t kAskUs = 10'000'000;
constexpr std::chrono::milliseconds kSampleInterval{100};

thread_local PluginCall* t_served = nullptr;

std::string RequestId() {
  common::v1::AuthContext auth;
  const std::string_view bytes = t_served != nullptr ? abi::View(t_served->auth) : "";
  if (bytes.empty() || !auth.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return {};
  return auth.request_id();
}

}  // namespace

HostShim::Serving::Serving(PluginCall* call) : enclosing_(std::exchange(t_served, call)) {}
HostShim::Serving::~Serving() { t_served = enclosing_; }

HostShim::HostShim(v1::CreateRequest create, std::shared_ptr<grpc::Channel> core)
    : create_(std::move(create)), core_(std::move(core)) {
  c_.host = {sizeof(strata_host),
             STRATA_ABI_MINOR,
             abi::Str(create_.product()),
             abi::Str(create_.version()),
             abi::Str(create_.slot()),
             abi::Str(create_.package_dir()),
             abi::Str(create_.state_dir()),
             &NowUs,
             &Log,
             &Resolve,
             &Call,
             &Metric,
             &MetricAdd,
             &Submit,
             &SetHealth,
             &Extension};
  c_.self = this;
  sender_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "strata-events");
    SendEvents();
  });
}

HostShim::~HostShim() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  sender_.join();
}

void HostShim::WaitForTasks() {
  const base::MutexLock lock(mutex_);
  while (tasks_ != 0) tasks_done_.Wait(mutex_);
}

void HostShim::Flush() {
  const base::MutexLock lock(mutex_);
  urgent_ = true;
  changed_.NotifyAll();
  while (!events_.empty() || sending_) sent_.Wait(mutex_);
}

std::int64_t HostShim::NowUs(const strata_host*) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

void HostShim::Push(v1::Event event) {
  const base::MutexLock lock(mutex_);
  if (events_.size() >= kMaxQueuedEvents) {
    ++lost_;
    return;
  }
  urgent_ = urgent_ || !event.has_sample();
  events_.push_back(std::move(event));
  if (urgent_ || events_.size() == 1) changed_.NotifyAll();
}

void HostShim::SendEvents() {
  mutex_.Lock();
  while (true) {
    while (events_.empty() && !stopping_) changed_.Wait(mutex_);
    if (events_.empty()) break;
    // Samples may wait for others, what people read may not.
    if (!urgent_ && !stopping_) changed_.WaitFor(mutex_, kSampleInterval);
    urgent_ = false;
    v1::EventBatch batch;
    for (v1::Event& event : events_) *batch.add_events() = std::move(event);
    events_.clear();
    if (const std::uint64_t lost = std::exchange(lost_, 0); lost != 0) {
      v1::Event::Log* const log = batch.add_events()->mutable_log();
      log->set_severity(STRATA_LOG_WARNING);
      log->set_event("plugin.events_lost");
      AddPair("events", std::to_string(lost), log->mutable_fields());
    }
    sending_ = true;
    mutex_.Unlock();
    // Lost when the core is gone, as this process soon is.
    static_cast<void>(
        Ask(*core_, path::kEvents, batch.SerializeAsString(), abi::MonotonicUs() + kAskUs));
    mutex_.Lock();
    sending_ = false;
    sent_.NotifyAll();
  }
  mutex_.Unlock();
}

void HostShim::Log(const strata_host* h, std::int32_t severity, strata_str event,
                   const strata_kv* fields, std::size_t n) {
  v1::Event out;
  v1::Event::Log* const log = out.mutable_log();
  log->set_severity(severity);
  log->set_event(std::string(abi::View(event)));
  AddPairs({fields, std::min<std::size_t>(n, 24)}, log->mutable_fields());
  if (const std::string id = RequestId(); !id.empty()) {
    AddPair("request_id", id, log->mutable_fields());
  }
  Of(h).Push(std::move(out));
}

std::uint64_t HostShim::Resolve(const strata_host* h, strata_str binding, strata_str full_method) {
  HostShim& self = Of(h);
  v1::ResolveRequest request;
  request.set_binding(std::string(abi::View(binding)));
  request.set_method(std::string(abi::View(full_method)));
  const std::string key = request.SerializeAsString();
  {
    const base::MutexLock lock(self.mutex_);
    if (const auto known = self.handles_.find(key); known != self.handles_.end()) {
      return known->second;
    }
  }
  const auto answer = Ask(*self.core_, path::kResolve, key, abi::MonotonicUs() + kAskUs);
  v1::ResolveResponse response;
  if (!answer.ok() || !response.ParseFromString(*answer)) return 0;
  const base::MutexLock lock(self.mutex_);
  self.handles_[key] = response.handle();
  return response.handle();
}

strata_code HostShim::Call(const strata_host* h, strata_call* c) {
  HostShim& self = Of(h);
  PluginCall* parent = t_served;
  // host_ref is set by LoadedPlugin and names the call in this process.
  if (c->parent != nullptr) parent = reinterpret_cast<PluginCall*>(c->parent->host_ref);
  v1::CallHead head;
  AddPairs({c->metadata, c->metadata_count}, head.mutable_metadata());
  if (parent != nullptr) head.set_token(parent->token());
  head.set_handle(c->method);
  head.set_flags(c->flags);
  head.set_framed(c->ops->read != nullptr);
  head.set_deadline_us(c->deadline_us);
  strata_code code = STRATA_OK;
  if (parent != nullptr && parent == t_served && parent->CallCore(head, c, &code)) return code;
  const Shape shape = head.framed() ? Shape::kFramed : Shape::kResponses;
  const Forwarded done = Forward(*self.core_, head.framed() ? path::kCallFramed : path::kCall,
                                 head.SerializeAsString(), shape, c);
  return done.broken ? PassStatus(STRATA_UNAVAILABLE, "the core is gone", {}, c) : done.code;
}

std::uint64_t HostShim::Metric(const strata_host* h, std::int32_t kind, strata_str name,
                               const strata_kv* labels, std::size_t n) {
  HostShim& self = Of(h);
  v1::Event event;
  v1::Event::Metric* const metric = event.mutable_metric();
  metric->set_kind(kind);
  metric->set_name(std::string(abi::View(name)));
  AddPairs({labels, n}, metric->mutable_labels());
  const std::string key = event.SerializeAsString();
  {
    const base::MutexLock lock(self.mutex_);
    const auto [known, fresh] = self.metrics_.try_emplace(key, self.metrics_.size() + 1);
    if (!fresh) return known->second;
    metric->set_id(static_cast<std::uint32_t>(known->second));
  }
  const std::uint64_t id = metric->id();
  self.Push(std::move(event));
  return id;
}

void HostShim::MetricAdd(const strata_host* h, std::uint64_t metric, double v) {
  v1::Event event;
  event.mutable_sample()->set_id(static_cast<std::uint32_t>(metric));
  event.mutable_sample()->set_value(v);
  Of(h).Push(std::move(event));
}

strata_code HostShim::Submit(const strata_host* h, void (*fn)(void*), void* arg) {
  HostShim& self = Of(h);
  {
    const base::MutexLock lock(self.mutex_);
    ++self.tasks_;
  }
  const bool queued = self.workers_.Submit([fn, arg, &self] {
    fn(arg);
    const base::MutexLock lock(self.mutex_);
    if (--self.tasks_ == 0) self.tasks_done_.NotifyAll();
  });
  if (queued) return STRATA_OK;
  const base::MutexLock lock(self.mutex_);
  if (--self.tasks_ == 0) self.tasks_done_.NotifyAll();
  return STRATA_RESOURCE_EXHAUSTED;
}

void HostShim::SetHealth(const strata_host* h, strata_code code, strata_str why) {
  v1::Event event;
  event.mutable_health()->set_code(code);
  event.mutable_health()->set_why(std::string(abi::View(why)));
  Of(h).Push(std::move(event));
}

strata_code HostShim::GetSecret(const strata_host* h, strata_str name,
                                void (*use)(void* arg, strata_bytes), void* arg) {
  v1::SecretRequest request;
  request.set_name(std::string(abi::View(name)));
  auto answer =
      Ask(*Of(h).core_, path::kSecret, request.SerializeAsString(), abi::MonotonicUs() + kAskUs);
  if (!answer.ok()) return static_cast<strata_code>(answer.status().code());
  v1::SecretResponse response;
  const bool sound = response.ParseFromString(*answer);
  ::explicit_bzero(answer->data(), answer->size());
  if (!sound) return STRATA_INTERNAL;
  if (response.code() == STRATA_OK) {
    use(arg, abi::Bytes(response.value()));
    ::explicit_bzero(response.mutable_value()->data(), response.value().size());
  }
  return response.code();
}

const void* HostShim::Extension(const strata_host* h, const char* id) {
  static constexpr strata_ext_secrets kSecrets = {sizeof(strata_ext_secrets), &GetSecret};
  static constexpr strata_ext_host_handover kHandover = {sizeof(strata_ext_host_handover),
                                                         &HandoverPending};
  const std::string_view name(id);
  if (name == STRATA_EXT_SECRETS) return Of(h).create_.secrets() ? &kSecrets : nullptr;
  if (name == STRATA_EXT_HOST_HANDOVER) return Of(h).create_.handover() ? &kHandover : nullptr;
  return nullptr;
}

std::int32_t HostShim::HandoverPending(const strata_host* h) {
  return Of(h).handover_pending_.load() ? 1 : 0;
}

}  // namespace strata::isolation
