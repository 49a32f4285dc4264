#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/abi/strata/plugin_abi.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/mutex.h"
#include "core/base/status.h"

namespace strata::host {

class Instance;
class MethodNames;
class Router;
class WorkerPool;

// What the core lends to its plugins; all of it outlives every instance.
struct HostServices {
  const base::Clock& clock;
  base::Log& log;
  base::MetricsRegistry& metrics;
  WorkerPool& workers;
  MethodNames& names;
  Router& router;
  std::string_view version;  // Of the core.
};

// The strata_host of one instance. Thread-safe.
class HostApi final {
 public:
  static constexpr std::size_t kMaxMetrics = 256;
  static constexpr std::size_t kMaxLogFields = 24;

  HostApi(Instance& owner, const HostServices& services);
  HostApi(const HostApi&) = delete;
  HostApi& operator=(const HostApi&) = delete;

  const strata_host* c_host() const { return &c_.host; }
  const HostServices& services() const { return services_; }

  // One line that says that a rule of the plugin ABI was broken by this plugin.
  void LogMisbehaviour(std::string_view rule) const;

 private:
  // What the plugin holds a pointer to; `host` must be first.
  struct CHost {
    strata_host host{};
    HostApi* self = nullptr;
  };
  using Metric = std::variant<base::Counter*, base::Gauge*, base::Histogram*>;

  static HostApi& Of(const strata_host* h) { return *reinterpret_cast<const CHost*>(h)->self; }
  static std::int64_t NowUs(const strata_host* h);
  static void Log(const strata_host* h, std::int32_t severity, strata_str event,
                  const strata_kv* fields, std::size_t n);
  static std::uint64_t Resolve(const strata_host* h, strata_str binding, strata_str full_method);
  static strata_code Call(const strata_host* h, strata_call* c);
  static std::uint64_t GetMetric(const strata_host* h, std::int32_t kind, strata_str name,
                                 const strata_kv* labels, std::size_t n);
  static void MetricAdd(const strata_host* h, std::uint64_t metric, double v);
  static strata_code Submit(const strata_host* h, void (*fn)(void*), void* arg);
  static void SetHealth(const strata_host* h, strata_code code, strata_str why);
  static const void* Extension(const strata_host* h, const char* id);

  Result<Metric> FindMetric(std::int32_t kind, const std::string& name, const base::Labels& labels);

  Instance& owner_;
  const HostServices services_;
  CHost c_;
  base::Mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> metric_ids_ STRATA_GUARDED_BY(mutex_);
  // Below metric_count_: written once, read without the lock.
  std::array<Metric, kMaxMetrics> metrics_;
  std::atomic<std::uint64_t> metric_count_{0};
};

}  // namespace strata::host
