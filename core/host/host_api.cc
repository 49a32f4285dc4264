#include "core/host/host_api.h"

#include <algorithm>
#include <utility>

#include "core/host/auth.h"
#include "core/host/instance.h"
#include "core/host/router.h"
#include "core/host/worker_pool.h"
#include "core/sdk/strata/abi.h"

namespace strata::host {
namespace {

constexpr std::string_view kProduct = "Strata";

base::LogLevel LevelOf(std::int32_t severity) {
  if (severity == STRATA_LOG_HOST_MISBEHAVING || severity == STRATA_LOG_PLUGIN_MISBEHAVING) {
    return base::LogLevel::kError;
  }
  return static_cast<base::LogLevel>(std::clamp(severity, 0, 5));
}

// Who logs: slot, plugin and version, and the request that this thread serves.
void AppendOrigin(const Instance& owner, std::string* request_id,
                  std::vector<base::LogField>* fields) {
  fields->emplace_back("slot", owner.slot());
  fields->emplace_back("plugin", abi::View(owner.descriptor().id));
  fields->emplace_back("version", abi::View(owner.descriptor().version));
  if (const Frame* const frame = Router::Current(); frame != nullptr) {
    *request_id = RequestIdOf(abi::View(frame->auth));
  }
  if (!request_id->empty()) fields->emplace_back("request_id", *request_id);
}

}  // namespace

HostApi::HostApi(Instance& owner, const HostServices& services)
    : owner_(owner), services_(services) {
  strata_host& host = c_.host;
  host.struct_size = sizeof host;
  host.abi_minor = STRATA_ABI_MINOR;
  host.product = abi::Str(kProduct);
  host.version = abi::Str(services_.version);
  const InstanceSpec& spec = owner.spec();
  host.slot = abi::Str(spec.slot);
  host.package_dir = abi::Str(spec.package_dir);
  host.state_dir = abi::Str(spec.state_dir);
  host.now_us = &NowUs;
  host.log = &Log;
  host.resolve = &Resolve;
  host.call = &Call;
  host.metric = &GetMetric;
  host.metric_add = &MetricAdd;
  host.submit = &Submit;
  host.set_health = &SetHealth;
  host.extension = &Extension;
  c_.self = this;
}

void HostApi::LogMisbehaviour(std::string_view rule) const {
  std::vector<base::LogField> fields;
  std::string request_id;
  AppendOrigin(owner_, &request_id, &fields);
  fields.emplace_back("rule", rule);
  services_.log.Write(base::LogLevel::kError, "plugin.misbehaving", fields);
}

std::int64_t HostApi::NowUs(const strata_host* h) { return Of(h).services_.clock.WallUs(); }

void HostApi::Log(const strata_host* h, std::int32_t severity, strata_str event,
                  const strata_kv* fields, std::size_t n) {
  const HostApi& self = Of(h);
  const base::LogLevel level = LevelOf(severity);
  if (!self.services_.log.Enabled(level)) return;
  std::vector<base::LogField> out;
  std::string request_id;
  AppendOrigin(self.owner_, &request_id, &out);
  for (std::size_t i = 0; i < std::min(n, kMaxLogFields); ++i) {
    out.emplace_back(abi::View(fields[i].key), abi::View(fields[i].value));
  }
  self.services_.log.Write(level, abi::View(event), out);
}

std::uint64_t HostApi::Resolve(const strata_host* h, strata_str binding, strata_str full_method) {
  return Of(h).owner_.bindings().Resolve(abi::View(binding), abi::View(full_method));
}

strata_code HostApi::Call(const strata_host* h, strata_call* c) {
  const HostApi& self = Of(h);
  return self.services_.router.CallFromPlugin(self.owner_, c);
}

Result<HostApi::Metric> HostApi::FindMetric(std::int32_t kind, const std::string& name,
                                            const base::Labels& labels) {
  base::MetricsRegistry& registry = services_.metrics;
  const std::string help = "Of the plugins themselves.";
  if (kind == STRATA_COUNTER) {
    STRATA_ASSIGN_OR_RETURN(base::Counter * counter, registry.GetCounter(name, help, labels));
    return Metric(counter);
  }
  if (kind == STRATA_GAUGE) {
    STRATA_ASSIGN_OR_RETURN(base::Gauge * gauge, registry.GetGauge(name, help, labels));
    return Metric(gauge);
  }
  if (kind == STRATA_HISTOGRAM) {
    STRATA_ASSIGN_OR_RETURN(base::Histogram * histogram, registry.GetHistogram(name, help, labels));
    return Metric(histogram);
  }
  return InvalidArgument("no such kind of metric");
}

std::uint64_t HostApi::GetMetric(const strata_host* h, std::int32_t kind, strata_str name,
                                 const strata_kv* labels, std::size_t n) {
  HostApi& self = Of(h);
  base::Labels all = {{"slot", std::string(self.owner_.slot())}};
  std::string key = std::to_string(kind).append("/").append(abi::View(name));
  for (std::size_t i = 0; i < n; ++i) {
    all.emplace_back(abi::View(labels[i].key), abi::View(labels[i].value));
    key.append("\n").append(all.back().first).append("=").append(all.back().second);
  }
  const base::MutexLock lock(self.mutex_);
  if (const auto known = self.metric_ids_.find(key); known != self.metric_ids_.end()) {
    return known->second;
  }
  const std::uint64_t count = self.metric_count_.load(std::memory_order_relaxed);
  if (count == kMaxMetrics) return 0;
  const auto metric = self.FindMetric(kind, "strata_plugin_" + std::string(abi::View(name)), all);
  if (!metric.ok()) {
    self.LogMisbehaviour("metric: " + metric.status().message());
    return 0;
  }
  self.metrics_[count] = *metric;
  self.metric_count_.store(count + 1, std::memory_order_release);
  self.metric_ids_.emplace(std::move(key), count + 1);
  return count + 1;
}

void HostApi::MetricAdd(const strata_host* h, std::uint64_t metric, double v) {
  const HostApi& self = Of(h);
  if (metric - 1 >= self.metric_count_.load(std::memory_order_acquire)) return;
  struct Update {
    double value;
    void operator()(base::Counter* counter) const {
      if (value >= 0) counter->Add(value);
    }
    void operator()(base::Gauge* gauge) const { gauge->Set(value); }
    void operator()(base::Histogram* histogram) const { histogram->Observe(value); }
  };
  std::visit(Update{v}, self.metrics_[metric - 1]);
}

strata_code HostApi::Submit(const strata_host* h, void (*fn)(void*), void* arg) {
  Instance& owner = Of(h).owner_;
  if (!owner.BeginTask()) return STRATA_UNAVAILABLE;
  const bool queued = Of(h).services_.workers.Submit([fn, arg, &owner] {
    fn(arg);
    owner.EndTask();
  });
  if (queued) return STRATA_OK;
  owner.EndTask();
  return STRATA_RESOURCE_EXHAUSTED;
}

void HostApi::SetHealth(const strata_host* h, strata_code code, strata_str why) {
  const HostApi& self = Of(h);
  self.owner_.PushHealth(code, abi::View(why));
  self.services_.log.Write(code == STRATA_OK ? base::LogLevel::kInfo : base::LogLevel::kWarning,
                           "slot.health",
                           std::vector<base::LogField>{{"slot", self.owner_.slot()},
                                                       {"code", CodeName(abi::ToCode(code))},
                                                       {"reason", abi::View(why)}});
}

// Secrets come with the vendor's kit. The ids are in plugin_extensions.h.
const void* HostApi::Extension(const strata_host*, const char* id) {
  static constexpr strata_ext_host_handover kHandover = {
      sizeof(strata_ext_host_handover),
      [](const strata_host* h) -> std::int32_t { return Of(h).owner_.handover_pending() ? 1 : 0; }};
  if (std::string_view(id) == STRATA_EXT_HOST_HANDOVER) return &kHandover;
  return nullptr;
}

}  // namespace strata::host
