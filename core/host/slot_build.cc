#include "core/host/slot_build.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "core/base/json.h"
#include "core/host/config_schema.h"
#include "core/host/isolation.h"
#include "core/host/open_plugin.h"
#include "core/host/stack_state.h"
#include "core/host/unary_call.h"

namespace strata::host {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDescribeInterval{20};

// The slot of `layout` other than `slot` that serves this route too, or null.
const Slot* RouteOwner(const Layout& layout, const Slot& slot, const HttpRoute& route) {
  for (const Slot& other : layout.slots) {
    if (!other.service || other.config.name == slot.config.name) continue;
    const auto& routes = other.service->routes;
    const bool same = std::any_of(routes.begin(), routes.end(), [&](const HttpRoute& r) {
      return r.path == route.path && r.audience == route.audience;
    });
    if (same) return &other;
  }
  return nullptr;
}

// What the core itself puts into the slot, or null.
const ExternalSlot* FindExternal(const StackState& state, const Slot& slot) {
  const auto found = state.options.externals.find(slot.config.name);
  return found == state.options.externals.end() ? nullptr : &found->second;
}

Result<InstanceSpec> MakeSpec(const StackState& state, const Slot& slot,
                              std::shared_ptr<const strata_plugin> code) {
  InstanceSpec spec;
  spec.slot = slot.config.name;
  spec.slot_number = slot.number;
  spec.plugin = std::move(code);
  spec.package_dir = slot.package_dir;
  spec.state_dir = state.SlotStateDir(slot);
  spec.digest = slot.digest;
  spec.config_json = slot.settings;
  spec.grants = slot.grants;
  spec.stats = slot.stats;
  if (const ExternalSlot* const own = FindExternal(state, slot)) spec.adopted = own->instance;
  std::error_code error;
  std::filesystem::create_directories(spec.state_dir, error);
  if (!error) {
    std::filesystem::permissions(spec.state_dir, std::filesystem::perms::owner_all, error);
  }
  if (error) return Unavailable("cannot make " + spec.state_dir + ": " + error.message());
  return spec;
}

}  // namespace

Status AtSlot(const Place& place, const Slot& slot, const Status& status) {
  return {status.code(), place + ": slot \"" + slot.config.name + "\": " + status.message()};
}

Status OpenSlot(const StackState& state, Slot* slot, Package* package) {
  if (slot->config.plugin.empty()) {  // Its code is no package.
    *package = OutsidePackage(slot->config);
    slot->manifest = package->manifest;
    slot->early = State::kVerified;
    return OkStatus();
  }
  const Place& place = slot->config.plugin_place;
  if (const ExternalSlot* const own = FindExternal(state, *slot)) {
    slot->manifest = own->manifest;
    slot->early = State::kVerified;
    return OkStatus();
  }
  const auto dir = state.packages.Find(slot->config.plugin, state.config.base_dir);
  if (!dir.ok()) return AtSlot(place, *slot, dir.status());
  slot->package_dir = *dir;
  if (auto manifest = ReadManifest(*dir); manifest.ok()) slot->manifest = *std::move(manifest);
  auto opened = OpenPackage(*dir);
  if (!opened.ok()) return AtSlot(place, *slot, opened.status());
  slot->package_dir = opened->dir;
  slot->manifest = opened->manifest;
  slot->digest = opened->digest;
  slot->early = State::kVerified;
  *package = *std::move(opened);
  return OkStatus();
}

Status ConfigureSlot(Slot* slot) {
  const auto schema = json::Document::Parse(slot->manifest->config_schema);
  const auto config = json::Document::Parse(slot->config.config_json);
  if (!schema.ok()) return AtSlot(slot->config.place, *slot, schema.status());
  if (!config.ok()) return AtSlot(slot->config.place, *slot, config.status());
  if (const auto problem = CheckConfig(schema->root(), config->root())) {
    const std::string where = problem->path.empty() ? "config" : "config." + problem->path;
    return AtSlot(slot->config.ConfigPlace(problem->path), *slot,
                  InvalidArgument(where + ": " + problem->message));
  }
  slot->settings = WithDefaults(schema->root(), config->root());
  slot->early = State::kResolved;
  return OkStatus();
}

Status LoadSlot(const StackState& state, const Package& package, Slot* slot) {
  if (const ExternalSlot* const own = FindExternal(state, *slot)) {
    return InstanceOf(state, own->plugin, slot);
  }
  auto code = OpenPlugin(slot->config, package, state);
  if (!code.ok()) return AtSlot(slot->config.plugin_place, *slot, code.status());
  return InstanceOf(state, *std::move(code), slot);
}

Status InstanceOf(const StackState& state, std::shared_ptr<const strata_plugin> code, Slot* slot) {
  auto spec = MakeSpec(state, *slot, std::move(code));
  if (!spec.ok()) return AtSlot(slot->config.place, *slot, spec.status());
  slot->instance = std::make_shared<Instance>(*std::move(spec), state.services);
  return OkStatus();
}

Status DescribeSlot(StackState& state, const Layout& layout, Slot* slot, Deadline deadline) {
  slot->service.reset();
  const std::int32_t method =
      slot->instance->MethodIndex("/" + std::string(kDigitalService) + "/Describe");
  if (method < 0) return OkStatus();
  const auto index = static_cast<std::uint32_t>(method);
  auto answer = CallUnary(state, slot->number, index, {});
  while (answer.status().code() == Code::kUnavailable && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kDescribeInterval);  // It cannot say its routes yet.
    answer = CallUnary(state, slot->number, index, {});
  }
  if (!answer.ok()) return AtSlot(slot->config.place, *slot, answer.status());
  auto description = ParseDescription(*answer);
  if (!description.ok()) return AtSlot(slot->config.place, *slot, description.status());
  for (const HttpRoute& route : description->routes) {
    const Slot* const owner = RouteOwner(layout, *slot, route);
    if (owner == nullptr) continue;
    return AtSlot(slot->config.place, *slot,
                  FailedPrecondition("its route " + route.path + " is that of slot \"" +
                                     owner->config.name + "\""));
  }
  slot->service = *std::move(description);
  return OkStatus();
}

}  // namespace strata::host
