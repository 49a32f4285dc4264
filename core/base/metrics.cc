#include "core/base/metrics.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

namespace strata::base {
namespace {

// The two highest bits of a double's mantissa under its exponent: four buckets to a power of two.
constexpr int kMantissaShift = 50;
constexpr std::int64_t kFirst = (std::int64_t{1023} + Histogram::kLeastExponent) * 4;

std::size_t BucketOf(double value) {
  // Upper bounds are inclusive, as Prometheus' `le` is: the bound itself is one bit pattern less
  // than the start of the next bucket.
  if (!(value > 0)) return 0;
  const std::int64_t index =
      ((std::bit_cast<std::int64_t>(value) - 1) >> kMantissaShift) - kFirst + 1;
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(index, 0, static_cast<std::int64_t>(Histogram::kBuckets) - 1));
}

double UpperBound(std::size_t bucket) {
  return std::bit_cast<double>((static_cast<std::int64_t>(bucket) + kFirst) << kMantissaShift);
}

void AppendNumber(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  out->append(text.data(), end.ptr);
}

void AppendEscaped(std::string_view text, bool quotes, std::string* out) {
  for (const char c : text) {
    if (c == '\\') {
      out->append("\\\\");
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '"' && quotes) {
      out->append("\\\"");
    } else {
      out->push_back(c);
    }
  }
}

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

void Counter::Add(double value) {
  cells_[ThreadNumber() % kShards].value.fetch_add(value, std::memory_order_relaxed);
}

double Counter::Value() const {
  double sum = 0;
  for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return sum;
}

void Histogram::Observe(double value) {
  Shard& shard = shards_[ThreadNumber() % kHistogramShards];
  shard.buckets[BucketOf(value)].fetch_add(1, std::memory_order_relaxed);
  if (std::isfinite(value)) shard.sum.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::Read() const {
  Snapshot out;
  for (const Shard& shard : shards_) {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      const std::uint64_t n = shard.buckets[i].load(std::memory_order_relaxed);
      out.buckets[i] += n;
      out.count += n;
    }
    out.sum += shard.sum.load(std::memory_order_relaxed);
  }
  return out;
}

double Histogram::Snapshot::Quantile(double q) const {
  if (count == 0) return 0;
  const double rank = std::max(1.0, std::ceil(q * static_cast<double>(count)));
  double below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const auto here = static_cast<double>(buckets[i]);
    if (here == 0 || below + here < rank) {
      below += here;
      continue;
    }
    const double low = i == 0 ? 0 : UpperBound(i - 1);
    return low + (UpperBound(i) - low) * (rank - below) / here;
  }
  return UpperBound(kBuckets - 1);
}

std::uint64_t Histogram::Snapshot::CountUpTo(int exponent) const {
  const std::size_t last = static_cast<std::size_t>(exponent - kLeastExponent) * 4;
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i <= std::min(last, kBuckets - 1); ++i) up_to += buckets[i];
  return up_to;
}

void MetricsWriter::Family(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).push_back(' ');
  AppendEscaped(help, /*quotes=*/false, &text_);
  text_.append("\n# TYPE ").append(name).push_back(' ');
  text_.append(TypeName(type)).push_back('\n');
}

void MetricsWriter::Line(std::string_view suffix, const Labels& labels, std::string_view le,
                         double value) {
  text_.append(name_).append(suffix);
  char separator = '{';
  const auto append = [&](std::string_view key, std::string_view text) {
    text_.push_back(separator);
    separator = ',';
    text_.append(key).append("=\"");
    AppendEscaped(text, /*quotes=*/true, &text_);
    text_.push_back('"');
  };
  for (const auto& [key, text] : labels) append(key, text);
  if (!le.empty()) append("le", le);
  if (separator == ',') text_.push_back('}');
  text_.push_back(' ');
  AppendNumber(value, &text_);
  text_.push_back('\n');
}

void MetricsWriter::Samples(const Labels& labels, const Histogram::Snapshot& histogram) {
  const bool bytes = name_.ends_with("_bytes");
  const int first = bytes ? 6 : -20;
  for (int exponent = first; exponent <= first + 26; exponent += 2) {
    std::string le;
    AppendNumber(std::ldexp(1.0, exponent), &le);
    Line("_bucket", labels, le, static_cast<double>(histogram.CountUpTo(exponent)));
  }
  Line("_bucket", labels, "+Inf", static_cast<double>(histogram.count));
  Line("_sum", labels, {}, histogram.sum);
  Line("_count", labels, {}, static_cast<double>(histogram.count));
}

bool MetricsRegistry::ValidName(std::string_view name, bool label) {
  if (name.empty() || name.size() > 128) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !(digit && i > 0) && (label || c != ':')) return false;
  }
  return !label || !name.starts_with("__");
}

Result<std::size_t> MetricsRegistry::Find(std::string_view name, MetricType type,
                                          std::string_view help, const Labels& labels,
                                          std::size_t next) {
  if (!ValidName(name, /*label=*/false)) return InvalidArgument("not a metric name");
  for (const auto& [key, value] : labels) {
    if (!ValidName(key, /*label=*/true)) return InvalidArgument("not a label name");
  }
  auto family = families_.find(name);
  if (family == families_.end()) {
    family = families_.emplace(std::string(name), Family{type, std::string(help), {}}).first;
  }
  if (family->second.type != type) {
    return InvalidArgument(std::string(name) + " is already a metric of another type");
  }
  auto& series = family->second.series;
  if (const auto found = series.find(labels); found != series.end()) return found->second;
  if (series.size() >= kMaxSeriesPerFamily) {
    return ResourceExhausted(std::string(name) + " has too many series");
  }
  series.emplace(labels, next);
  return next;
}

Result<Counter*> MetricsRegistry::GetCounter(std::string_view name, std::string_view help,
                                             const Labels& labels) {
  const MutexLock lock(mutex_);
  STRATA_ASSIGN_OR_RETURN(const std::size_t at,
                          Find(name, MetricType::kCounter, help, labels, counters_.size()));
  if (at == counters_.size()) counters_.emplace_back();
  return &counters_[at];
}

Result<Gauge*> MetricsRegistry::GetGauge(std::string_view name, std::string_view help,
                                         const Labels& labels) {
  const MutexLock lock(mutex_);
  STRATA_ASSIGN_OR_RETURN(const std::size_t at,
                          Find(name, MetricType::kGauge, help, labels, gauges_.size()));
  if (at == gauges_.size()) gauges_.emplace_back();
  return &gauges_[at];
}

Result<Histogram*> MetricsRegistry::GetHistogram(std::string_view name, std::string_view help,
                                                 const Labels& labels) {
  const MutexLock lock(mutex_);
  STRATA_ASSIGN_OR_RETURN(const std::size_t at,
                          Find(name, MetricType::kHistogram, help, labels, histograms_.size()));
  if (at == histograms_.size()) histograms_.emplace_back();
  return &histograms_[at];
}

std::string MetricsRegistry::Text(const std::function<void(MetricsWriter&)>& extra) const {
  MetricsWriter writer;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, family] : families_) {
      writer.Family(name, family.type, family.help);
      for (const auto& [labels, at] : family.series) WriteSeries(family.type, labels, at, writer);
    }
  }
  if (extra) extra(writer);
  return std::move(writer).Take();
}

void MetricsRegistry::WriteSeries(MetricType type, const Labels& labels, std::size_t at,
                                  MetricsWriter& writer) const {
  switch (type) {
    case MetricType::kCounter:
      writer.Sample(labels, counters_[at].Value());
      break;
    case MetricType::kGauge:
      writer.Sample(labels, gauges_[at].Value());
      break;
    case MetricType::kHistogram:
      writer.Samples(labels, histograms_[at].Read());
      break;
  }
}

}  // namespace strata::base
