#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/shard.h"
#include "core/base/status.h"

// Metrics, exposed in Prometheus text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Label values are names of slots,
// methods and codes: few, and never a patient's data.
namespace strata::base {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Only grows. Thread-safe; an update is one relaxed add on the thread's own cache line.
class Counter final {
 public:
  void Add(double value = 1);
  double Value() const;

 private:
  struct alignas(kCacheLine) Cell {
    std::atomic<double> value{0};
  };
  std::array<Cell, kShards> cells_;
};

// Goes up and down. Thread-safe.
class Gauge final {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double value) { value_.fetch_add(value, std::memory_order_relaxed); }
  double Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Distribution of positive values (seconds, bytes) from 2^-30 to 2^34, four buckets to each power
// of two: a quantile is off by at most a fifth. Thread-safe; an update is two relaxed adds on the
// thread's own cache lines.
class Histogram final {
 public:
  static constexpr int kLeastExponent = -30;
  static constexpr int kExponents = 64;
  static constexpr std::size_t kBuckets = std::size_t{kExponents} * 4 + 1;

  void Observe(double value);

  struct Snapshot {
    std::array<std::uint64_t, kBuckets> buckets{};
    std::uint64_t count = 0;
    double sum = 0;

    // The value below which a share `q` (0..1) of all observations lies; 0 before the first.
    double Quantile(double q) const;
    // Observations <= 2^exponent.
    std::uint64_t CountUpTo(int exponent) const;
  };
  Snapshot Read() const;

 private:
  static constexpr std::size_t kHistogramShards = 4;
  struct alignas(kCacheLine) Shard {
    std::array<std::atomic<std::uint64_t>, kBuckets> buckets{};
    std::atomic<double> sum{0};
  };
  std::array<Shard, kHistogramShards> shards_;
};

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };

// Writes the text format: one Family, then its Samples. Single-threaded.
class MetricsWriter {
 public:
  // `name` must be valid (Registry::CheckName).
  void Family(std::string_view name, MetricType type, std::string_view help);
  void Sample(const Labels& labels, double value) { Line("", labels, {}, value); }
  // Buckets by powers of four: from 2^-20 to 2^6 for seconds, 2^6 to 2^32 for names in _bytes.
  void Samples(const Labels& labels, const Histogram::Snapshot& histogram);

  std::string Take() && { return std::move(text_); }

 private:
  void Line(std::string_view suffix, const Labels& labels, std::string_view le, double value);

  std::string text_;
  std::string name_;
};

// All metrics of one stack. Objects that it hands out live as long as it does. Thread-safe.
class MetricsRegistry final {
 public:
  static constexpr std::size_t kMaxSeriesPerFamily = 1000;

  // [a-zA-Z_:][a-zA-Z0-9_:]* for metrics, the same without ":" for labels.
  static bool ValidName(std::string_view name, bool label);

  // The series of that name and labels, made at the first call. INVALID_ARGUMENT: a name is not
  // valid, or is already of another type; RESOURCE_EXHAUSTED: too many series.
  Result<Counter*> GetCounter(std::string_view name, std::string_view help, const Labels& labels);
  Result<Gauge*> GetGauge(std::string_view name, std::string_view help, const Labels& labels);
  Result<Histogram*> GetHistogram(std::string_view name, std::string_view help,
                                  const Labels& labels);

  // The whole exposition: registered series, then whatever `extra` adds.
  std::string Text(const std::function<void(MetricsWriter&)>& extra = {}) const;

 private:
  struct Family {
    MetricType type;
    std::string help;
    std::map<Labels, std::size_t> series;  // Position in the deque of its type.
  };

  Result<std::size_t> Find(std::string_view name, MetricType type, std::string_view help,
                           const Labels& labels, std::size_t next) STRATA_REQUIRES(mutex_);
  // `at`: position in the deque of `type`.
  void WriteSeries(MetricType type, const Labels& labels, std::size_t at,
                   MetricsWriter& writer) const STRATA_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Family, std::less<>> families_ STRATA_GUARDED_BY(mutex_);
  std::deque<Counter> counters_ STRATA_GUARDED_BY(mutex_);
  std::deque<Gauge> gauges_ STRATA_GUARDED_BY(mutex_);
  std::deque<Histogram> histograms_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::base
