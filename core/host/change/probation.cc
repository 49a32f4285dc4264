#include "core/host/change/probation.h"

#include <array>
#include <cstdio>
#include <utility>

namespace strata::host {
namespace {

double Share(const SlotStats::Snapshot& calls) {
  return calls.ended == 0 ? 0
                          : static_cast<double>(calls.failed) / static_cast<double>(calls.ended);
}

// `format` takes both numbers.
std::string Text(const char* format, double a, double b) {
  std::array<char, 160> out{};
  std::snprintf(out.data(), out.size(), format, a, b);
  return out.data();
}

}  // namespace

Probation::Probation(std::shared_ptr<Instance> instance, std::shared_ptr<const StatsMark> before,
                     const ProbationBounds& bounds)
    : instance_(std::move(instance)), before_(std::move(before)), bounds_(bounds) {
  marks_.push_back(instance_->stats().Mark());
}

Probation::Probation(std::shared_ptr<Instance> instance, std::shared_ptr<const SlotStats> beside,
                     const ProbationBounds& bounds)
    : instance_(std::move(instance)), beside_(std::move(beside)), bounds_(bounds) {
  marks_.push_back(instance_->stats().Mark());
}

std::string Probation::Check() {
  if (beside_ != nullptr) before_ = beside_->Mark();
  marks_.push_back(instance_->stats().Mark());
  const StatsMark recent = marks_.back()->Since(*marks_.front());
  if (marks_.size() > bounds_.window) marks_.pop_front();
  std::string why = CheckProcess();
  if (why.empty()) why = CheckHealth();
  if (why.empty()) why = CheckErrors(recent);
  if (why.empty()) why = CheckLatency(recent);
  return why;
}

void Probation::WatchProcess(const Isolation* isolation, bool was_copied) {
  isolation_ = isolation;
  if (was_copied) crashes_before_ = Crashes();
}

std::uint32_t Probation::Crashes() const {
  return isolation_ == nullptr ? 0 : instance_->ReportOutside(*isolation_).crashes;
}

// Whatever it served went with it; the core would start it again, and it would end again.
std::string Probation::CheckProcess() const {
  return Crashes() > crashes_before_ ? "its process has ended by itself" : "";
}

std::string Probation::CheckHealth() {
  const Health health = instance_->health();
  unhealthy_ = health.state == HealthState::kNotServing ? unhealthy_ + 1 : 0;
  return unhealthy_ < bounds_.checks ? "" : "it is not healthy: " + health.reason;
}

std::string Probation::CheckErrors(const StatsMark& recent) const {
  if (recent.calls.ended < bounds_.least_calls) return {};
  const double now = Share(recent.calls);
  const double then = before_ == nullptr ? 0 : Share(before_->calls);
  if (now <= then + bounds_.more_errors || now <= 2 * then) return {};
  return Text(beside_ == nullptr ? "%.1f %% of its calls fail; before, %.1f %% did"
                                 : "%.1f %% of its calls fail; beside it, %.1f %% do",
              now * 100, then * 100);
}

std::string Probation::CheckLatency(const StatsMark& recent) {
  if (before_ == nullptr || before_->latency.count < bounds_.least_calls_for_p99 ||
      recent.latency.count < bounds_.least_calls) {
    return {};
  }
  // Few calls have no p99; but half of them above the p99 of before is as bad.
  const bool many = recent.latency.count >= bounds_.least_calls_for_p99;
  const double now = recent.latency.Quantile(many ? 0.99 : 0.5);
  const double then = before_->latency.Quantile(0.99);
  const bool slow = now > then * bounds_.slower && now > then + bounds_.slower_by_s;
  slow_ = slow ? slow_ + 1 : 0;
  if (slow_ < bounds_.checks) return {};
  const std::string format =
      std::string(many ? "its p99 is %.1f ms; " : "half of its calls take more than %.1f ms; ") +
      (beside_ == nullptr ? "before, the p99 was %.1f ms" : "beside it, the p99 is %.1f ms");
  return Text(format.c_str(), now * 1e3, then * 1e3);
}

}  // namespace strata::host
