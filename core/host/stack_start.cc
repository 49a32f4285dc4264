#include <algorithm>
#include <filesystem>
#include <thread>

#include "core/base/json.h"
#include "core/host/config_schema.h"
#include "core/host/open_plugin.h"
#include "core/host/slot_control.h"
#include "core/host/stack_state.h"
#include "core/host/unary_call.h"

namespace strata::host {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDescribeInterval{20};

class Starter {
 public:
  explicit Starter(const std::shared_ptr<StackState>& state) : shared_(state), state_(*state) {}

  Status Run() {
    for (Slot& slot : state_.slots) STRATA_RETURN_IF_ERROR(OrLeaveOut(&slot, Open(&slot)));
    STRATA_RETURN_IF_ERROR(WireSlots());
    for (Slot& slot : state_.slots) {
      if (CanGoOn(slot)) STRATA_RETURN_IF_ERROR(OrLeaveOut(&slot, Configure(&slot)));
    }
    state_.core = MakeCoreInstance(state_);
    STRATA_RETURN_IF_ERROR(BringUp(state_.core, StartDeadline(), shared_));
    state_.Publish();
    for (const std::size_t index : state_.order) {
      Slot& slot = state_.slots[index];
      if (CanGoOn(slot)) STRATA_RETURN_IF_ERROR(OrLeaveOut(&slot, StartSlot(&slot)));
    }
    for (Slot& slot : state_.slots) {
      if (slot.running()) STRATA_RETURN_IF_ERROR(OrLeaveOut(&slot, DescribeService(&slot)));
    }
    state_.Publish();
    return OkStatus();
  }

 private:
  static bool CanGoOn(const Slot& slot) { return slot.failure.empty(); }

  Deadline StartDeadline() const { return steady_clock::now() + state_.config.start_timeout; }

  // The status, unless the slot is optional: then it is left out of the stack.
  Status OrLeaveOut(Slot* slot, const Status& status) {
    if (status.ok()) return status;
    slot->failure = status.message();
    slot->early.Advance(State::kFailed);
    state_.log.Write(slot->config.optional ? base::LogLevel::kWarning : base::LogLevel::kError,
                     "slot.failed",
                     std::vector<base::LogField>{{"slot", slot->config.name},
                                                 {"plugin", slot->config.plugin},
                                                 {"optional", slot->config.optional},
                                                 {"code", CodeName(status.code())},
                                                 {"reason", status.message()}});
    return slot->config.optional ? OkStatus() : status;
  }

  static Status At(const Place& place, const Slot& slot, const Status& status) {
    return {status.code(), place + ": slot \"" + slot.config.name + "\": " + status.message()};
  }

  // FOUND and VERIFIED.
  Status Open(Slot* slot) {
    const Place& place = slot->config.plugin_place;
    const auto dir = state_.packages.Find(slot->config.plugin, state_.config.base_dir);
    if (!dir.ok()) return At(place, *slot, dir.status());
    slot->package_dir = *dir;
    // Also of a package that is refused: wiring must know what it would have been.
    if (auto manifest = ReadManifest(*dir); manifest.ok()) slot->manifest = *std::move(manifest);
    auto package = OpenPackage(*dir);
    if (!package.ok()) return At(place, *slot, package.status());
    slot->package_dir = package->dir;
    slot->manifest = package->manifest;
    slot->digest = package->digest;
    slot->early.Advance(State::kVerified);
    images_.emplace(slot->number, *std::move(package));
    return OkStatus();
  }

  Status WireSlots() {
    std::vector<const Manifest*> manifests;
    for (const Slot& slot : state_.slots) {
      manifests.push_back(slot.manifest ? &*slot.manifest : nullptr);
    }
    STRATA_ASSIGN_OR_RETURN(Wiring wiring, Wire(state_.config, manifests));
    state_.order = std::move(wiring.order);
    for (const auto& [service, index] : wiring.chosen) {
      state_.chosen.emplace(service, state_.slots[index].config.name);
    }
    for (std::size_t i = 0; i < state_.slots.size(); ++i) {
      for (Grant& grant : wiring.grants[i]) {
        grant.slot_number = NumberOf(grant.slot);
        state_.slots[i].grants.push_back(std::move(grant));
      }
    }
    return OkStatus();
  }

  std::uint32_t NumberOf(const std::string& name) const {
    for (const Slot& slot : state_.slots) {
      if (slot.config.name == name) return slot.number;
    }
    return 0;
  }

  // RESOLVED: its configuration follows its schema.
  static Status Configure(Slot* slot) {
    const auto schema = json::Document::Parse(slot->manifest->config_schema);
    const auto config = json::Document::Parse(slot->config.config_json);
    if (!schema.ok()) return At(slot->config.place, *slot, schema.status());
    if (!config.ok()) return At(slot->config.place, *slot, config.status());
    if (const auto problem = CheckConfig(schema->root(), config->root())) {
      const std::string where = problem->path.empty() ? "config" : "config." + problem->path;
      return At(slot->config.ConfigPlace(problem->path), *slot,
                InvalidArgument(where + ": " + problem->message));
    }
    slot->config.config_json = WithDefaults(schema->root(), config->root());
    slot->early.Advance(State::kResolved);
    return OkStatus();
  }

  Status CheckProviders(const Slot& slot) const {
    for (const std::string& needed : NeededSlots(*slot.manifest, slot.grants)) {
      if (needed == kCoreSlot) continue;
      const Slot& provider = state_.slots[NumberOf(needed) - 1];
      if (provider.running()) continue;
      return Unavailable("slot \"" + needed + "\", which it requires, does not run");
    }
    return OkStatus();
  }

  // LOADED to ACTIVE.
  Status StartSlot(Slot* slot) {
    const auto begun = steady_clock::now();
    const Place& place = slot->config.place;
    if (Status s = CheckProviders(*slot); !s.ok()) return At(place, *slot, s);
    const auto plugin = OpenPlugin(slot->config, images_.at(slot->number), state_);
    images_.erase(slot->number);
    if (!plugin.ok()) return At(place, *slot, plugin.status());
    auto spec = MakeSpec(*slot, *plugin);
    if (!spec.ok()) return At(place, *slot, spec.status());
    slot->instance = std::make_shared<Instance>(*std::move(spec), state_.services);
    if (Status s = BringUp(slot->instance, StartDeadline(), shared_); !s.ok()) {
      return At(place, *slot, s);
    }
    state_.Publish();
    const auto took = std::chrono::duration<double, std::milli>(steady_clock::now() - begun);
    state_.log.Info("slot.active", {{"slot", slot->config.name},
                                    {"plugin", slot->manifest->id},
                                    {"version", slot->manifest->version},
                                    {"digest", slot->digest},
                                    {"took_ms", took.count()}});
    return OkStatus();
  }

  Result<InstanceSpec> MakeSpec(const Slot& slot,
                                std::shared_ptr<const strata_plugin> plugin) const {
    InstanceSpec spec;
    spec.slot = slot.config.name;
    spec.slot_number = slot.number;
    spec.plugin = std::move(plugin);
    spec.package_dir = slot.package_dir;
    spec.state_dir = state_.SlotStateDir(slot);
    spec.digest = slot.digest;
    spec.config_json = slot.config.config_json;
    spec.grants = slot.grants;
    spec.stats = slot.stats;
    std::error_code error;
    std::filesystem::create_directories(spec.state_dir, error);
    if (!error) {
      std::filesystem::permissions(spec.state_dir, std::filesystem::perms::owner_all, error);
    }
    if (error) return Unavailable("cannot make " + spec.state_dir + ": " + error.message());
    return spec;
  }

  // Asks a digital service for its routes and menu.
  Status DescribeService(Slot* slot) {
    const std::int32_t method =
        slot->instance->MethodIndex("/" + std::string(kDigitalService) + "/Describe");
    if (method < 0) return OkStatus();
    const Deadline deadline = StartDeadline();
    auto answer = CallUnary(state_, slot->number, static_cast<std::uint32_t>(method), {});
    while (answer.status().code() == Code::kUnavailable && steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kDescribeInterval);  // It cannot say its routes yet.
      answer = CallUnary(state_, slot->number, static_cast<std::uint32_t>(method), {});
    }
    if (!answer.ok()) return Undo(slot, answer.status());
    auto description = ParseDescription(*answer);
    if (!description.ok()) return Undo(slot, description.status());
    for (const HttpRoute& route : description->routes) {
      for (const Slot& other : state_.slots) {
        if (!other.service) continue;
        const auto& routes = other.service->routes;
        if (std::none_of(routes.begin(), routes.end(), [&](const HttpRoute& r) {
              return r.path == route.path && r.audience == route.audience;
            })) {
          continue;
        }
        return Undo(slot, FailedPrecondition("its route " + route.path + " is that of slot \"" +
                                             other.config.name + "\""));
      }
    }
    slot->service = *std::move(description);
    return OkStatus();
  }

  // Stops a slot that had been started already.
  Status Undo(Slot* slot, const Status& status) {
    const std::uint64_t last = state_.Publish(slot) - 1;
    const Status down = TakeDown(
        slot->instance, steady_clock::now() + std::chrono::seconds(5),
        [&](Deadline deadline) { return state_.table.WaitDrained(last, deadline); }, shared_);
    if (!down.ok())
      state_.log.Warning("slot.stop", {{"slot", slot->config.name}, {"reason", down.message()}});
    return At(slot->config.place, *slot, status);
  }

  const std::shared_ptr<StackState>& shared_;
  StackState& state_;
  std::map<std::uint32_t, Package> images_;  // Until they are loaded.
};

}  // namespace

Status StartSlots(const std::shared_ptr<StackState>& state) {
  const Status status = Starter(state).Run();
  if (!status.ok()) {
    static_cast<void>(StopSlots(state, steady_clock::now() + std::chrono::seconds(5)));
  }
  return status;
}

}  // namespace strata::host
