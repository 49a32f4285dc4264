#include "core/trial/side_stack.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "core/host/change/mode.h"
#include "core/host/change/plan.h"
#include "core/host/change/requests.h"
#include "core/host/slot_build.h"
#include "core/host/stack_state.h"
#include "core/trial/live_slot.h"

namespace strata::trial {
namespace {

namespace v1 = core::v1;

using host::Grant;
using host::Manifest;
using host::Requirement;
using host::SlotConfig;
using host::StackConfig;
using host::StackOptions;

constexpr std::string_view kHosting = "hosting";
constexpr std::string_view kPlace = "the trial";

const Grant* FindGrant(const LiveSlot& slot, const Requirement& requirement) {
  const auto named = std::find_if(slot.grants.begin(), slot.grants.end(), [&](const Grant& grant) {
    return grant.binding == requirement.name && grant.service == requirement.service;
  });
  if (named != slot.grants.end()) return &*named;
  const auto same = std::find_if(slot.grants.begin(), slot.grants.end(), [&](const Grant& grant) {
    return grant.service == requirement.service;
  });
  return same != slot.grants.end() ? &*same : nullptr;
}

}  // namespace

// Puts the configuration of the small stack together.
class SideStack::Builder {
 public:
  Builder(host::Stack& live, const CandidateSpec& spec, const std::string& id, SideStack* out)
      : live_(live), state_(live.state()), spec_(spec), out_(*out) {
    out_.slot_ = spec.slot + "-trial";
    out_.folder_ = state_.DataDir() + "/trials/" + id;
    config_ = state_.config;
    config_.name = "trial " + id;
    config_.data = out_.folder_;
    config_.workers = 2;
    config_.slots.clear();
    config_.file_slots.clear();
    options_.plugin_path = state_.options.plugin_path;
    options_.isolation = state_.options.isolation;
    options_.as_file = true;
  }

  Status Run() {
    STRATA_RETURN_IF_ERROR(Build());
    STRATA_ASSIGN_OR_RETURN(
        out_.stack_, host::Stack::Start(std::move(config_), options_, state_.log, state_.clock));
    return OkStatus();
  }

  Result<v1::Plan> Plan() {
    STRATA_RETURN_IF_ERROR(Build());
    v1::Plan plan;
    for (const SlotConfig& config : config_.slots) {
      if (options_.externals.contains(config.name)) {
        plan.add_warnings("it reads from the live slot \"" + config.name +
                          "\"; what would change something there is refused");
        continue;
      }
      host::Slot slot;
      slot.config = config;
      host::Package package;
      STRATA_RETURN_IF_ERROR(host::OpenSlot(state_, &slot, &package));
      STRATA_RETURN_IF_ERROR(host::ConfigureSlot(&slot));
      if (config.name == out_.slot_) {
        ShowCandidate(slot, &plan);
      } else {
        plan.add_warnings("its records are in a fresh store (" + slot.manifest->id + " " +
                          slot.manifest->version + "), which is thrown away at the end");
      }
    }
    return plan;
  }

 private:
  void ShowCandidate(const host::Slot& candidate, v1::Plan* plan) const {
    v1::SlotChange* const change = plan->add_slots();
    change->set_slot(spec_.slot);
    change->set_action(v1::SlotChange::ACTION_SHADOW);
    const std::shared_ptr<const host::Layout> layout = state_.layout();
    const host::Slot* const live = layout->Find(spec_.slot);
    if (live != nullptr && live->manifest) {
      host::FillOccupant(*live, change->mutable_from());
      if (live->manifest->id == candidate.manifest->id) {
        for (std::string& name : host::ChangedSettings(live->settings, candidate.settings)) {
          change->add_settings(std::move(name));
        }
      }
    }
    host::FillOccupant(candidate, change->mutable_to());
    const bool outside = candidate.config.run.mode == host::RunConfig::Mode::kProcess;
    plan->add_warnings(outside ? "it runs in a process of its own, as the live plugin does"
                               : "it runs in the core's process, which it could crash");
  }

  Status Build() {
    const std::optional<LiveSlot> slot = FindLiveSlot(live_, spec_.slot);
    if (!slot) return NotFound("no slot \"" + spec_.slot + "\" runs");
    STRATA_ASSIGN_OR_RETURN(const std::string folder,
                            state_.packages.Find(spec_.package, state_.config.base_dir));
    STRATA_ASSIGN_OR_RETURN(const Manifest manifest, host::ReadManifest(folder));
    for (const std::string& service : slot->manifest.provides) {
      if (manifest.Provides(service)) continue;
      return FailedPrecondition("the candidate does not provide " + service);
    }
    SlotConfig candidate = NewSlot(out_.slot_, folder);
    STRATA_ASSIGN_OR_RETURN(candidate.config_json, ConfigOf(*slot, manifest));
    // Isolated where the live plugin is.
    if (slot->run.mode == host::RunConfig::Mode::kProcess) candidate.run = slot->run;
    for (const Requirement& requirement : manifest.requirements) {
      STRATA_RETURN_IF_ERROR(Meet(*slot, manifest, requirement, &candidate));
    }
    config_.slots.push_back(std::move(candidate));
    return OkStatus();
  }

  static SlotConfig NewSlot(const std::string& name, const std::string& plugin) {
    SlotConfig out;
    out.name = name;
    out.plugin = plugin;
    out.place = kPlace;
    out.plugin_place = kPlace;
    return out;
  }

  // A store is never opened by the settings of another: they say where it lies.
  Result<std::string> ConfigOf(const LiveSlot& slot, const Manifest& manifest) const {
    const bool same = manifest.id == slot.manifest.id && manifest.layer != kHosting;
    const std::string base = same ? slot.config_json : "{}";
    return spec_.config_json.empty() ? base : host::MergeSettings(base, spec_.config_json);
  }

  Status Meet(const LiveSlot& slot, const Manifest& manifest, const Requirement& requirement,
              SlotConfig* candidate) {
    const Grant* const grant = FindGrant(slot, requirement);
    if (grant != nullptr && grant->slot == "core") return OkStatus();  // Each stack has its own.
    const std::optional<LiveSlot> provider =
        grant != nullptr ? FindLiveSlot(live_, grant->slot) : std::nullopt;
    if (!provider) {
      if (requirement.optional) return OkStatus();
      return FailedPrecondition("the candidate requires " + requirement.service +
                                ", which the live plugin does not use");
    }
    candidate->requirements[requirement.name] = {provider->name, std::string(kPlace)};
    if (!made_.insert(provider->name).second) return OkStatus();
    const bool scratch = provider->manifest.layer == kHosting && manifest.layer != "service";
    scratch ? AddScratch(*provider) : AddLink(*provider);
    return OkStatus();
  }

  // A fresh store of the same kind: of the plugin at the bottom, where several lie on each other.
  void AddScratch(const LiveSlot& provider) {
    LiveSlot bottom = provider;
    while (!bottom.grants.empty()) {
      const std::optional<LiveSlot> below = FindLiveSlot(live_, bottom.grants.front().slot);
      if (!below) break;
      bottom = *below;
    }
    config_.slots.push_back(NewSlot(
        provider.name, spec_.scratch_package.empty() ? bottom.package_dir : spec_.scratch_package));
  }

  void AddLink(const LiveSlot& provider) {
    auto link =
        std::make_unique<LiveLink>(live_, provider.name, provider.manifest, *provider.descriptor);
    options_.externals.emplace(provider.name, link->External());
    config_.slots.push_back(NewSlot(provider.name, provider.name));
    out_.linked_.insert(provider.number);
    out_.links_.push_back(std::move(link));
  }

  host::Stack& live_;
  host::StackState& state_;
  const CandidateSpec& spec_;
  SideStack& out_;
  StackConfig config_;
  StackOptions options_;
  std::set<std::string> made_;
};

Result<std::unique_ptr<SideStack>> SideStack::Start(host::Stack& live, const CandidateSpec& spec,
                                                    const std::string& id) {
  std::unique_ptr<SideStack> out(new SideStack);
  STRATA_RETURN_IF_ERROR(Builder(live, spec, id, out.get()).Run());
  return out;
}

Result<core::v1::Plan> SideStack::Plan(host::Stack& live, const CandidateSpec& spec) {
  SideStack none;
  return Builder(live, spec, "plan", &none).Plan();
}

SideStack::~SideStack() {
  if (stack_ != nullptr) static_cast<void>(Stop());
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Status SideStack::Stop() { return stack_->Stop(); }

host::SlotReport SideStack::Report() const {
  for (host::SlotReport& report : stack_->Report().slots) {
    if (report.name == slot_) return std::move(report);
  }
  return {};
}

std::uint64_t SideStack::refused() const {
  std::uint64_t sum = 0;
  for (const auto& link : links_) sum += link->refused();
  return sum;
}

}  // namespace strata::trial
