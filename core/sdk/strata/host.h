#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "strata/abi.h"
#include "strata/status.h"

namespace strata {

enum class Severity : std::int32_t {
  kTrace = STRATA_LOG_TRACE,
  kDebug = STRATA_LOG_DEBUG,
  kInfo = STRATA_LOG_INFO,
  kWarning = STRATA_LOG_WARNING,
  kError = STRATA_LOG_ERROR,
  kFatal = STRATA_LOG_FATAL,
};

// One key and value of a log line or metric: {"rows", 12} or {"mode", "wal"}. Borrows its texts.
// Never a patient's value: ids, paths, codes and counts only.
class Field final {
 public:
  Field(std::string_view key, std::string_view value) : key_(key), text_(value) {}
  Field(std::string_view key, const char* value) : key_(key), text_(value) {}
  Field(std::string_view key, bool value) : key_(key), text_(value ? "true" : "false") {}
  template <std::integral T>
  Field(std::string_view key, T value) : key_(key) {
    const auto end = std::to_chars(digits_, digits_ + sizeof(digits_), value);
    digit_count_ = static_cast<std::size_t>(end.ptr - digits_);
  }

  strata_kv ToKv() const {
    return {abi::Str(key_),
            abi::Bytes(digit_count_ != 0 ? std::string_view(digits_, digit_count_) : text_)};
  }

 private:
  std::string_view key_;
  std::string_view text_;
  char digits_[24];
  std::size_t digit_count_ = 0;
};

using Fields = std::initializer_list<Field>;

// A registered metric of this plugin; a default one counts nothing. Cheap to copy; thread-safe.
class Metric final {
 public:
  Metric() = default;
  Metric(const strata_host* host, std::uint64_t id) : host_(host), id_(id) {}

  // Counter: adds value >= 0. Gauge: sets it. Histogram: observes it.
  void Record(double value) const {
    if (id_ != 0) host_->metric_add(host_, id_, value);
  }
  void Increment() const { Record(1); }

 private:
  const strata_host* host_ = nullptr;
  std::uint64_t id_ = 0;
};

// What the core offers to one plugin instance. A handle: cheap to copy, thread-safe, valid until
// the instance is destroyed. Nothing here blocks except as said.
class Host final {
 public:
  explicit Host(const strata_host* host) : host_(host) {}

  // One structured log line; `event` is a constant name such as "memstore.opened".
  void Log(Severity severity, std::string_view event, Fields fields = {}) const;
  void Info(std::string_view event, Fields fields = {}) const {
    Log(Severity::kInfo, event, fields);
  }
  void Warning(std::string_view event, Fields fields = {}) const {
    Log(Severity::kWarning, event, fields);
  }
  void Error(std::string_view event, Fields fields = {}) const {
    Log(Severity::kError, event, fields);
  }

  // Register once (in the constructor) and keep the result.
  Metric Counter(std::string_view name, Fields labels = {}) const;
  Metric Gauge(std::string_view name, Fields labels = {}) const;
  Metric Histogram(std::string_view name, Fields labels = {}) const;

  // Wall clock, microseconds since 1970 UTC. Tests set it.
  std::int64_t NowUs() const { return host_->now_us(host_); }

  // Name of this instance in the stack file.
  std::string_view Slot() const { return abi::View(host_->slot); }
  // Folder with manifest.json and the files that were packaged with the plugin.
  std::string_view PackageDir() const { return abi::View(host_->package_dir); }
  // Folder that this instance may write to; empty if it was given none.
  std::string_view StateDir() const { return abi::View(host_->state_dir); }

  // Runs `work` once on the core's pool; the core waits for it before Stop().
  // RESOURCE_EXHAUSTED: the queue is full; UNAVAILABLE: stopping. `work` is not run then.
  Status Submit(std::function<void()> work) const;

  // Tells the core at once, before it asks Health().
  void SetHealth(const Status& status) const;

  // A password or key by its reference. NOT_FOUND, PERMISSION_DENIED; UNIMPLEMENTED: this core
  // offers no secrets.
  Result<std::string> Secret(std::string_view name) const;

  // The struct of a host extension ("strata.host.secrets/1"), or NULL.
  const void* Extension(const char* id) const;

  const strata_host* raw() const { return host_; }

 private:
  Metric Register(std::int32_t kind, std::string_view name, Fields labels) const;

  const strata_host* host_;
};

}  // namespace strata
