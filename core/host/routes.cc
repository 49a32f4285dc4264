#include "core/host/routes.h"

#include "core/host/bindings.h"
#include "core/host/instance.h"

namespace strata::host {

std::uint32_t MethodNames::Intern(std::string_view full_method) {
  const base::MutexLock lock(mutex_);
  const auto found = ids_.find(full_method);
  if (found != ids_.end()) return found->second;
  const auto id = static_cast<std::uint32_t>(ids_.size());
  ids_.emplace(std::string(full_method), id);
  return id;
}

Result<std::uint32_t> Routes::ChooseSlot(std::string_view slot, std::string_view service) const {
  const auto route = services.find(service);
  if (!slot.empty()) {
    bool known = false;
    for (std::uint32_t number = 0; number < slots.size(); ++number) {
      if (Slot(number) == nullptr || slots[number].instance->slot() != slot) continue;
      known = true;
      if (route == services.end()) break;
      for (const std::uint32_t provider : route->second.slots) {
        if (provider == number) return number;
      }
    }
    if (!known) return NotFound("no slot " + std::string(slot));
    return Unimplemented("slot " + std::string(slot) + " does not provide " + std::string(service));
  }
  if (route == services.end()) return Unimplemented("no slot provides " + std::string(service));
  if (route->second.chosen >= 0) return static_cast<std::uint32_t>(route->second.chosen);
  std::string names;
  for (const std::uint32_t provider : route->second.slots) {
    names.append(names.empty() ? "" : ", ").append(slots[provider].instance->slot());
  }
  return FailedPrecondition("several slots provide " + std::string(service) +
                            ", name one: " + names);
}

Result<Target> Routes::Find(std::string_view slot, std::string_view full_method) const {
  const std::string_view service = ServiceOf(full_method);
  if (service.empty()) return Unimplemented("not a method name: expected /package.Service/Method");
  STRATA_ASSIGN_OR_RETURN(const std::uint32_t number, ChooseSlot(slot, service));
  const Instance& instance = *slots[number].instance;
  const std::int32_t index = instance.MethodIndex(full_method);
  if (index < 0) {
    return Unimplemented("slot " + std::string(instance.slot()) + " does not implement " +
                         std::string(full_method));
  }
  return MakeTarget(number, static_cast<std::uint32_t>(index));
}

Target Routes::MakeTarget(std::uint32_t slot, std::uint32_t method_index) const {
  const Instance& instance = *slots[slot].instance;
  const strata_method& method = instance.method(method_index);
  Target target;
  target.handle = TargetHandle{slot, method_index}.Pack();
  target.kind = method.kind;
  target.idempotent = (method.flags & STRATA_METHOD_IDEMPOTENT) != 0;
  target.endless = (method.flags & STRATA_METHOD_ENDLESS) != 0;
  target.slot = instance.slot();
  return target;
}

const HttpRoute* HttpSite::Match(std::string_view path) const {
  const HttpRoute* best = nullptr;
  for (const HttpRoute& route : routes) {
    const std::string_view prefix = route.path;
    const bool below =
        path.starts_with(prefix) &&
        (prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/');
    if (below && (best == nullptr || best->path.size() < prefix.size())) best = &route;
  }
  return best;
}

}  // namespace strata::host
