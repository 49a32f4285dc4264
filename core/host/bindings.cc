#include "core/host/bindings.h"

namespace strata::host {

std::string_view ServiceOf(std::string_view full_method) {
  const std::size_t slash = full_method.rfind('/');
  if (full_method.size() < 4 || full_method[0] != '/' || slash < 2 ||
      slash + 1 == full_method.size()) {
    return {};
  }
  const std::string_view service = full_method.substr(1, slash - 1);
  return service.find('/') == std::string_view::npos ? service : std::string_view();
}

const Grant* Bindings::FindGrant(std::string_view binding, std::string_view service) const {
  const Grant* found = nullptr;
  for (const Grant& grant : grants_) {
    if (grant.service != service) continue;
    if (grant.binding == binding) return &grant;
    if (!binding.empty()) continue;
    if (found != nullptr) return nullptr;
    found = &grant;
  }
  return found;
}

std::uint64_t Bindings::Resolve(std::string_view binding, std::string_view full_method) {
  const std::string_view service = ServiceOf(full_method);
  const Grant* const grant = service.empty() ? nullptr : FindGrant(binding, service);
  if (grant == nullptr) return 0;
  const Entry entry{grant->slot_number, names_.Intern(full_method)};
  const base::MutexLock lock(mutex_);
  const std::uint64_t count = count_.load(std::memory_order_relaxed);
  const auto [at, fresh] = known_.try_emplace({entry.slot_number, entry.method_id}, count + 1);
  if (!fresh) return at->second;
  if (count == kMaxHandles) {
    known_.erase(at);
    return 0;
  }
  entries_[count] = entry;
  count_.store(count + 1, std::memory_order_release);
  return count + 1;
}

}  // namespace strata::host
