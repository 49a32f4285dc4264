#include "core/host/wiring.h"

#include <algorithm>
#include <set>

#include "core/host/config_schema.h"

namespace strata::host {
namespace {

constexpr std::string_view kCoreService = "strata.core.v1.Core";

class Wirer {
 public:
  Wirer(const StackConfig& stack, const std::vector<const Manifest*>& manifests)
      : stack_(stack), manifests_(manifests) {}

  Result<Wiring> Run() {
    out_.grants.resize(stack_.slots.size());
    for (std::size_t i = 0; i < stack_.slots.size(); ++i) {
      if (manifests_[i] == nullptr) continue;
      STRATA_RETURN_IF_ERROR(CheckNames(i));
      for (const Requirement& requirement : manifests_[i]->requirements) {
        STRATA_RETURN_IF_ERROR(Connect(i, requirement));
      }
    }
    std::vector<std::size_t> path;
    std::vector<char> done(stack_.slots.size(), 0);
    for (std::size_t i = 0; i < stack_.slots.size(); ++i) {
      STRATA_RETURN_IF_ERROR(Visit(i, &path, &done));
    }
    STRATA_RETURN_IF_ERROR(ChooseDefaults());
    return std::move(out_);
  }

 private:
  std::size_t IndexOf(const std::string& name) const {
    for (std::size_t i = 0; i < stack_.slots.size(); ++i) {
      if (stack_.slots[i].name == name) return i;
    }
    return stack_.slots.size();
  }

  // The stack file binds only what the plugin requires.
  Status CheckNames(std::size_t slot) const {
    std::vector<std::string> known;
    for (const Requirement& r : manifests_[slot]->requirements) known.push_back(r.name);
    for (const auto& [name, to] : stack_.slots[slot].requirements) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      return InvalidArgument(to.place + ": plugin " + manifests_[slot]->id +
                             " has no requirement \"" + name + "\"" + DidYouMean(name, known));
    }
    return OkStatus();
  }

  Status Connect(std::size_t slot, const Requirement& requirement) {
    const SlotConfig& config = stack_.slots[slot];
    const auto bound = config.requirements.find(requirement.name);
    if (bound != config.requirements.end() && bound->second.slot == kCoreSlot) {
      return ConnectToCore(slot, requirement, bound->second.place);
    }
    if (bound != config.requirements.end()) {
      const std::size_t to = IndexOf(bound->second.slot);
      if (to == stack_.slots.size()) return NoSlot(config, requirement.name, bound->second);
      const Manifest* const provider = manifests_[to];
      if (provider != nullptr && !provider->Provides(requirement.service)) {
        return InvalidArgument(bound->second.place + ": slot \"" + bound->second.slot + "\" (" +
                               provider->id + ") does not provide " + requirement.service);
      }
      Grant(slot, requirement, to);
      return OkStatus();
    }
    if (requirement.optional) return OkStatus();  // Connected only when the stack file says so.
    const std::string what = config.place + ": slot \"" + config.name + "\" requires \"" +
                             requirement.name + "\" (" + requirement.service + ")";
    if (requirement.service == kCoreService) {
      return InvalidArgument(what +
                             ", the right to change this stack; where it is to have that, "
                             "write requires: {" +
                             requirement.name + ": core}");
    }
    // An unreadable slot might be the provider that was meant, an encrypting one for instance: do
    // not connect past it.
    for (std::size_t i = 0; i < manifests_.size(); ++i) {
      if (manifests_[i] != nullptr) continue;
      return InvalidArgument(what + "; as slot \"" + stack_.slots[i].name +
                             "\" cannot be read, name the provider under \"requires\"");
    }
    std::vector<std::size_t> candidates;
    std::string names;
    for (std::size_t i = 0; i < manifests_.size(); ++i) {
      if (i == slot || !manifests_[i]->Provides(requirement.service)) continue;
      candidates.push_back(i);
      names.append(names.empty() ? "" : ", ").append(stack_.slots[i].name);
    }
    if (candidates.size() == 1) {
      Grant(slot, requirement, candidates[0]);
      return OkStatus();
    }
    if (candidates.empty()) return InvalidArgument(what + ", which no slot provides");
    return InvalidArgument(what + ", which several slots provide; name one of them: " + names);
  }

  // A stack file was asked for that when it was read; a change may name any.
  Status NoSlot(const SlotConfig& slot, const std::string& requirement,
                const SlotRequirement& bound) const {
    std::vector<std::string> names;
    for (const SlotConfig& other : stack_.slots) names.push_back(other.name);
    return InvalidArgument(bound.place + ": slot \"" + slot.name + "\" is to have its \"" +
                           requirement + "\" from slot \"" + bound.slot +
                           "\", which does not exist" + DidYouMean(bound.slot, names));
  }

  // Whoever administers the stack is named by the stack file, never connected by itself.
  Status ConnectToCore(std::size_t slot, const Requirement& requirement, const Place& place) {
    if (requirement.service != kCoreService) {
      return InvalidArgument(place + ": the core provides " + std::string(kCoreService) + ", not " +
                             requirement.service);
    }
    out_.grants[slot].push_back({requirement.name, requirement.service, std::string(kCoreSlot), 0});
    return OkStatus();
  }

  void Grant(std::size_t slot, const Requirement& requirement, std::size_t to) {
    out_.grants[slot].push_back({requirement.name, requirement.service, stack_.slots[to].name, 0});
  }

  // Depth first: what a slot calls comes before it.
  Status Visit(std::size_t slot, std::vector<std::size_t>* path, std::vector<char>* done) {
    if ((*done)[slot] != 0) return OkStatus();
    if (const auto seen = std::find(path->begin(), path->end(), slot); seen != path->end()) {
      std::string cycle;
      for (auto it = seen; it != path->end(); ++it) cycle += stack_.slots[*it].name + " -> ";
      return InvalidArgument(stack_.slots[slot].place + ": slots require each other in a circle: " +
                             cycle + stack_.slots[slot].name);
    }
    path->push_back(slot);
    for (const auto& grant : out_.grants[slot]) {
      if (grant.slot == kCoreSlot) continue;
      STRATA_RETURN_IF_ERROR(Visit(IndexOf(grant.slot), path, done));
    }
    path->pop_back();
    (*done)[slot] = 1;
    out_.order.push_back(slot);
    return OkStatus();
  }

  // Whether another slot of the same layer that serves `service` too is built on `slot`.
  bool IsWrapped(std::size_t slot, const std::string& service) const {
    for (std::size_t i = 0; i < manifests_.size(); ++i) {
      if (i == slot || manifests_[i] == nullptr || !manifests_[i]->Provides(service)) continue;
      if (manifests_[i]->layer != manifests_[slot]->layer) continue;
      for (const auto& grant : out_.grants[i]) {
        if (grant.slot == stack_.slots[slot].name && grant.service == service) return true;
      }
    }
    return false;
  }

  Status ChooseDefaults() {
    std::map<std::string, std::vector<std::size_t>> marked;
    std::map<std::string, std::vector<std::size_t>> outermost;
    for (std::size_t i = 0; i < manifests_.size(); ++i) {
      if (manifests_[i] == nullptr) continue;
      for (const std::string& service : manifests_[i]->provides) {
        if (stack_.slots[i].is_default) marked[service].push_back(i);
        if (!IsWrapped(i, service)) outermost[service].push_back(i);
      }
    }
    for (const auto& [service, slots] : outermost) {
      if (slots.size() == 1) out_.chosen[service] = slots[0];
    }
    for (const auto& [service, slots] : marked) {
      if (slots.size() > 1) {
        return InvalidArgument(
            stack_.slots[slots[1]].place + ": slots \"" + stack_.slots[slots[0]].name +
            "\" and \"" + stack_.slots[slots[1]].name + "\" are both the default for " + service);
      }
      out_.chosen[service] = slots[0];
    }
    return OkStatus();
  }

  const StackConfig& stack_;
  const std::vector<const Manifest*>& manifests_;
  Wiring out_;
};

}  // namespace

Result<Wiring> Wire(const StackConfig& stack, const std::vector<const Manifest*>& manifests) {
  return Wirer(stack, manifests).Run();
}

std::vector<std::string> NeededSlots(const Manifest& manifest, const std::vector<Grant>& grants) {
  std::vector<std::string> out;
  for (const Requirement& requirement : manifest.requirements) {
    if (requirement.optional) continue;
    const auto grant = std::find_if(grants.begin(), grants.end(),
                                    [&](const Grant& g) { return g.binding == requirement.name; });
    out.push_back(grant != grants.end() ? grant->slot : "");
  }
  return out;
}

}  // namespace strata::host
