#include "core/isolation/active_calls.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>

namespace strata::isolation {
namespace {
constexpr std::size_t kTokenBytes = 16;
}  // namespace

std::string ActiveCalls::NewToken() {
  if (entropy_left_ < kTokenBytes) {
    std::size_t have = 0;
    while (have < entropy_.size()) {
      const ssize_t got = ::getrandom(entropy_.data() + have, entropy_.size() - have, 0);
      if (got > 0) have += static_cast<std::size_t>(got);
      if (got < 0 && errno != EINTR) std::abort();  // A kernel without getrandom.
    }
    entropy_left_ = entropy_.size();
  }
  entropy_left_ -= kTokenBytes;
  return {entropy_.data() + entropy_left_, kTokenBytes};
}

std::string ActiveCalls::Add(strata_call* call) {
  const base::MutexLock lock(mutex_);
  std::string token = NewToken();
  entries_[token].call = call;
  return token;
}

void ActiveCalls::Remove(const std::string& token) {
  const base::MutexLock lock(mutex_);
  const auto entry = entries_.find(token);
  if (entry == entries_.end()) return;
  entry->second.ending = true;
  // Under the lock: a nested call cannot end meanwhile. Its callbacks only cancel gRPC or wake
  // threads, none of which comes back here.
  for (CancelSource* nested : entry->second.nested) nested->Cancel();
  while (!entry->second.nested.empty()) unused_.Wait(mutex_);
  entries_.erase(token);
}

strata_call* ActiveCalls::Use(const std::string& token, CancelSource* nested) {
  const base::MutexLock lock(mutex_);
  const auto entry = entries_.find(token);
  if (entry == entries_.end() || entry->second.ending) return nullptr;
  entry->second.nested.push_back(nested);
  return entry->second.call;
}

void ActiveCalls::Unuse(const std::string& token, CancelSource* nested) {
  const base::MutexLock lock(mutex_);
  const auto entry = entries_.find(token);
  if (entry == entries_.end()) return;
  std::vector<CancelSource*>& all = entry->second.nested;
  all.erase(std::find(all.begin(), all.end(), nested));
  if (all.empty()) unused_.NotifyAll();
}

}  // namespace strata::isolation
