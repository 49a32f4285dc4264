#include "plugins/data_fhir/service/key_order.h"

namespace strata::fhir::service {

void KeyOrder::Begin(std::uint64_t job, std::span<const std::uint64_t> keys) {
  base::MutexLock lock(mutex_);
  while (next_ != job) changed_.Wait(mutex_);
  std::set<std::uint64_t> earlier;
  for (const std::uint64_t key : keys) {
    const auto [at, is_new] = last_.try_emplace(key, job);
    if (is_new) continue;
    if (at->second != job) earlier.insert(at->second);
    at->second = job;
  }
  keys_[job].assign(keys.begin(), keys.end());
  running_.insert(job);
  ++next_;
  changed_.NotifyAll();
  for (const std::uint64_t other : earlier) {
    while (running_.contains(other)) changed_.Wait(mutex_);
  }
}

void KeyOrder::WaitForEarlier(std::uint64_t job) {
  base::MutexLock lock(mutex_);
  while (!running_.empty() && *running_.begin() < job) changed_.Wait(mutex_);
}

void KeyOrder::End(std::uint64_t job) {
  base::MutexLock lock(mutex_);
  for (const std::uint64_t key : keys_[job]) {
    const auto at = last_.find(key);
    if (at != last_.end() && at->second == job) last_.erase(at);
  }
  keys_.erase(job);
  running_.erase(job);
  changed_.NotifyAll();
}

}  // namespace strata::fhir::service
