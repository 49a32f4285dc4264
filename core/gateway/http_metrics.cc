#include "core/gateway/http_metrics.h"

#include <algorithm>
#include <string_view>

namespace strata::gateway {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

void AppendMetric(std::string_view name, std::string_view kind, std::string_view help,
                  const std::string& value, std::string* out) {
  out->append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
  out->append(" ").append(kind).append("\n").append(name).append(" ").append(value).append("\n");
}

std::string Seconds(std::uint64_t us) { return std::to_string(static_cast<double>(us) / 1e6); }

}  // namespace

void HttpMetrics::Answered(int status, std::chrono::microseconds duration,
                           std::uint64_t bytes_out) {
  const int index = std::clamp(status / 100, 1, 5);
  by_class_[static_cast<std::size_t>(index)].fetch_add(1, kRelaxed);
  const auto bucket = std::lower_bound(kBucketsUs.begin(), kBucketsUs.end(), duration.count());
  buckets_[static_cast<std::size_t>(bucket - kBucketsUs.begin())].fetch_add(1, kRelaxed);
  duration_us_.fetch_add(static_cast<std::uint64_t>(duration.count()), kRelaxed);
  bytes_sent_.fetch_add(bytes_out, kRelaxed);
}

void HttpMetrics::AppendText(std::size_t waiting, std::string* out) const {
  AppendMetric("strata_http_connections", "gauge", "Open connections.",
               std::to_string(connections.load(kRelaxed)), out);
  AppendMetric("strata_http_requests_in_flight", "gauge", "Requests inside services.",
               std::to_string(in_flight.load(kRelaxed)), out);
  AppendMetric("strata_http_requests_waiting", "gauge", "Requests that wait for a place there.",
               std::to_string(waiting), out);
  AppendMetric("strata_http_slow_peers", "gauge", "Requests that hold a thread for a slow peer.",
               std::to_string(blocked_on_peers.load(kRelaxed)), out);
  AppendMetric("strata_http_connections_refused_total", "counter", "Connections over the limit.",
               std::to_string(connections_refused.load(kRelaxed)), out);
  AppendMetric("strata_http_timeouts_total", "counter", "Peers that were too slow.",
               std::to_string(timeouts.load(kRelaxed)), out);
  AppendMetric("strata_http_received_bytes_total", "counter", "Bytes received.",
               std::to_string(bytes_received.load(kRelaxed)), out);
  AppendMetric("strata_http_sent_bytes_total", "counter", "Bytes of answers.",
               std::to_string(bytes_sent_.load(kRelaxed)), out);
  out->append("# HELP strata_http_requests_total Answered requests.\n");
  out->append("# TYPE strata_http_requests_total counter\n");
  for (std::size_t i = 2; i < by_class_.size(); ++i) {
    out->append("strata_http_requests_total{status=\"").append(std::to_string(i)).append("xx\"} ");
    out->append(std::to_string(by_class_[i].load(kRelaxed))).append("\n");
  }
  out->append("# HELP strata_http_request_seconds Duration of requests.\n");
  out->append("# TYPE strata_http_request_seconds histogram\n");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    total += buckets_[i].load(kRelaxed);
    const bool last = i == kBucketsUs.size();
    const std::string bound = last ? "+Inf" : Seconds(static_cast<std::uint64_t>(kBucketsUs[i]));
    out->append("strata_http_request_seconds_bucket{le=\"").append(bound).append("\"} ");
    out->append(std::to_string(total)).append("\n");
  }
  out->append("strata_http_request_seconds_sum ").append(Seconds(duration_us_.load(kRelaxed)));
  out->append("\nstrata_http_request_seconds_count ").append(std::to_string(total)).append("\n");
}

}  // namespace strata::gateway
