#include "core/trial/report.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "strata/core/v1/core.pb.h"

namespace strata::trial {
namespace {

namespace v1 = core::v1;

void FillStats(const base::Histogram& histogram, std::uint64_t errors, v1::CallStats* to) {
  const base::Histogram::Snapshot latency = histogram.Read();
  to->set_calls(latency.count);
  to->set_errors(errors);
  to->set_p50_us(latency.Quantile(0.5) * 1e6);
  to->set_p99_us(latency.Quantile(0.99) * 1e6);
}

}  // namespace

void Report::Compared(const std::string& method, const std::set<std::string>& paths, bool error,
                      std::int64_t live_ns, std::int64_t candidate_ns) {
  const base::MutexLock lock(mutex_);
  Method& of = methods_[method];
  ++of.compared;
  if (error) ++of.errors;
  if (!paths.empty()) ++of.different;
  for (const std::string& path : paths) {
    const bool room = of.paths.size() < kMaxPaths || of.paths.contains(path);
    ++of.paths[room ? path : "(other)"];
  }
  of.live.Observe(static_cast<double>(live_ns) * 1e-9);
  of.candidate.Observe(static_cast<double>(candidate_ns) * 1e-9);
}

void Report::Skipped() {
  const base::MutexLock lock(mutex_);
  ++skipped_;
}

void Report::Fill(v1::Trial* trial) const {
  const base::MutexLock lock(mutex_);
  trial->set_skipped(trial->skipped() + skipped_);
  for (const auto& [name, of] : methods_) {
    v1::TrialMethod* const to = trial->add_methods();
    to->set_method(name);
    to->set_compared(of.compared);
    to->set_same(of.compared - of.different);
    to->set_different(of.different);
    to->set_errors(of.errors);
    FillStats(of.live, 0, to->mutable_live());
    FillStats(of.candidate, of.errors, to->mutable_candidate());
    std::vector<std::pair<std::string, std::uint64_t>> paths(of.paths.begin(), of.paths.end());
    std::stable_sort(paths.begin(), paths.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (const auto& [path, count] : paths) {
      v1::TrialDifference* const difference = to->add_differences();
      difference->set_path(path);
      difference->set_count(count);
    }
  }
}

}  // namespace strata::trial
