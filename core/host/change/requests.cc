#include "core/host/change/requests.h"

#include <algorithm>
#include <filesystem>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/host/config_schema.h"
#include "core/host/stack_state.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
namespace fs = std::filesystem;
using v1::SlotChange;

constexpr std::string_view kHosting = "hosting";
constexpr std::string_view kData = "data";

// The hosting slot that slots of other layers are built on, when there is one such.
Result<std::string> OnlyHosting(const Layout& layout) {
  std::string found;
  for (const Slot& slot : layout.slots) {
    if (!slot.manifest || slot.manifest->layer == kHosting) continue;
    for (const Grant& grant : slot.grants) {
      const Slot* const below = layout.Find(grant.slot);
      if (below == nullptr || !below->manifest || below->manifest->layer != kHosting) continue;
      if (!found.empty() && found != grant.slot) {
        return InvalidArgument("several hosting slots are in use; name one");
      }
      found = grant.slot;
    }
  }
  if (found.empty()) return NotFound("no hosting slot is in use");
  return found;
}

Result<std::string> OnlyData(const Layout& layout) {
  std::string found;
  for (const Slot& slot : layout.slots) {
    if (!slot.manifest || slot.manifest->layer != kData) continue;
    if (!found.empty()) return InvalidArgument("there are several data slots; name one");
    found = slot.config.name;
  }
  if (found.empty()) return NotFound("there is no data slot");
  return found;
}

WantedSlot* FindWanted(Wanted* wanted, const std::string& name) {
  for (WantedSlot& slot : wanted->slots) {
    if (slot.config.name == name) return &slot;
  }
  return nullptr;
}

// The package on the plugin path that is `id` in `version`.
Result<std::string> FindVersion(const StackState& state, const std::string& id,
                                const std::string& version) {
  std::string others;
  for (const std::string& folder : state.packages.List()) {
    const auto manifest = ReadManifest(folder);
    if (!manifest.ok() || manifest->id != id) continue;
    if (manifest->version == version) return folder;
    others.append(others.empty() ? "" : ", ").append(manifest->version);
  }
  return NotFound("no package of " + id + " " + version + " on the plugin path; there " +
                  (others.empty() ? "is none of that plugin" : "is " + others));
}

// Folder of the package that a swap names.
Result<std::string> PackageOf(const StackState& state, const Slot& now,
                              const v1::SwapRequest& request) {
  if (!request.package().empty()) {
    return state.packages.Find(request.package(), state.config.base_dir);
  }
  if (!request.version().empty()) {
    if (!now.manifest) return FailedPrecondition("it is not known which plugin the slot has");
    return FindVersion(state, now.manifest->id, request.version());
  }
  return now.package_dir;
}

// Where a swap wants the code to run; empty: where it does now.
Status SetIsolation(const std::string& wanted, RunConfig* run) {
  using Mode = RunConfig::Mode;
  if (wanted.empty()) {
    // A package takes the place of a server.
    if (run->mode == Mode::kEndpoint || run->mode == Mode::kCommand) *run = RunConfig();
    return OkStatus();
  }
  if (wanted != "process" && wanted != "in-process") {
    return InvalidArgument("isolation: expected in-process or process");
  }
  RunConfig out;
  if (wanted == "process") {
    out = *run;
    out.mode = Mode::kProcess;
    out.endpoint.clear();
    out.command.clear();
    out.provides.clear();
    out.layer.clear();
    out.tls_ca = out.tls_cert = out.tls_key = "";
  }
  *run = out;
  return OkStatus();
}

std::string Merge(json::Value base, json::Value patch) {
  if (!patch.is_object()) return std::string(patch.raw());
  std::string out = "{";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (out.size() > 1) out.push_back(',');
    json::AppendQuoted(name, &out);
    out.append(":").append(value);
  };
  for (const auto& member : base.members()) {
    const json::Value change = patch[member.name];
    if (!change) {
      add(member.name, member.value.raw());
    } else if (!change.is_null()) {
      add(member.name, Merge(member.value, change));
    }
  }
  for (const auto& member : patch.members()) {
    if (base[member.name] || member.value.is_null()) continue;
    add(member.name, Merge(json::Value(), member.value));
  }
  return out + "}";
}

// The new plugin is connected as the old one was: what it requires by the same name, or else the
// same service, to the same slot. What it does not require is left out.
void KeepRequirements(const Slot& now, const Manifest& next, SlotConfig* config) {
  std::map<std::string, SlotRequirement> kept;
  for (const Requirement& requirement : next.requirements) {
    const auto named = config->requirements.find(requirement.name);
    if (named != config->requirements.end()) {
      kept.insert(*named);
      continue;
    }
    const auto same = std::find_if(now.grants.begin(), now.grants.end(), [&](const Grant& grant) {
      return grant.service == requirement.service;
    });
    if (same != now.grants.end() && !requirement.optional) {
      kept[requirement.name] = {same->slot, config->place};
    }
  }
  config->requirements = std::move(kept);
}

// What a restart would do and a change cannot.
void CompareHeads(const StackConfig& now, const StackConfig& file,
                  std::vector<std::string>* warnings) {
  const auto differ = [&](bool differs, std::string_view what) {
    if (!differs) return;
    warnings->push_back("The file says another " + std::string(what) +
                        ": that is taken at the next start of the core.");
  };
  // Left out, it follows from `http`.
  const bool other_admin = !file.admin_http.empty() && now.admin_http != file.admin_http;
  differ(now.http != file.http || now.grpc != file.grpc || other_admin, "address");
  differ(now.max_requests != file.max_requests || now.workers != file.workers ||
             now.max_queued_work != file.max_queued_work,
         "limit");
  differ(now.start_timeout != file.start_timeout || now.drain_timeout != file.drain_timeout ||
             now.park_timeout != file.park_timeout,
         "timeout");
  differ(now.probation != file.probation || now.canary != file.canary, "bound of changes");
}

}  // namespace

Result<const Slot*> FindSlot(const Layout& layout, const std::string& name) {
  if (const Slot* const slot = layout.Find(name); slot != nullptr) return slot;
  return NotFound("there is no slot \"" + name + "\"" + DidYouMean(name, layout.Names()));
}

Result<std::string> MergeSettings(const std::string& base, const std::string& patch) {
  STRATA_ASSIGN_OR_RETURN(const auto before, json::Document::Parse(base));
  const auto change = json::Document::Parse(patch);
  if (!change.ok() || !change->root().is_object()) {
    return InvalidArgument("the settings are no JSON object");
  }
  return Merge(before.root(), change->root());
}

Result<Wanted> WantedBySwap(const StackState& state, const Layout& layout,
                            const v1::SwapRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Slot* const now, FindSlot(layout, request.slot()));
  STRATA_ASSIGN_OR_RETURN(const std::string folder, PackageOf(state, *now, request));
  Wanted out = AsItIs(layout);
  out.name = "swap";
  WantedSlot& slot = *FindWanted(&out, request.slot());
  slot.keep = false;
  slot.always = true;
  // The name where there is one: it means the same in the stack file.
  if (!request.package().empty() || !request.version().empty()) {
    const bool named =
        !request.package().empty() && request.package().find('/') == std::string::npos;
    slot.config.plugin = named ? request.package() : fs::absolute(folder).string();
  }
  slot.config.place = slot.config.plugin_place = out.name;
  STRATA_RETURN_IF_ERROR(SetIsolation(request.isolation(), &slot.config.run));
  const auto manifest = ReadManifest(folder);
  const bool same = manifest.ok() && now->manifest && manifest->id == now->manifest->id;
  if (manifest.ok() && !request.version().empty() && manifest->version != request.version()) {
    return NotFound("package " + folder + " is version " + manifest->version + ", not " +
                    request.version());
  }
  if (manifest.ok()) KeepRequirements(*now, *manifest, &slot.config);
  const std::string& given = request.config_json();
  if (!given.empty() || !same) {
    STRATA_ASSIGN_OR_RETURN(
        slot.config.config_json,
        MergeSettings(same ? slot.config.config_json : "{}", given.empty() ? "{}" : given));
    slot.config.config_places = {{"", "swap: the new settings"}};
  }
  if (request.mode() != v1::SWAP_MODE_UNSPECIFIED) out.modes[request.slot()] = request.mode();
  return out;
}

Result<Wanted> WantedByMove(const StackState& state, const Layout& layout,
                            const v1::MoveHostingRequest& request) {
  v1::SwapRequest swap;
  swap.set_slot(request.slot());
  if (swap.slot().empty()) {
    STRATA_ASSIGN_OR_RETURN(const std::string slot, OnlyHosting(layout));
    swap.set_slot(slot);
  }
  STRATA_ASSIGN_OR_RETURN(const Slot* const now, FindSlot(layout, swap.slot()));
  if (now->manifest && now->manifest->layer != kHosting) {
    return InvalidArgument("slot \"" + swap.slot() + "\" is of the " + now->manifest->layer +
                           " layer; records are moved from one hosting plugin to another");
  }
  if (request.package().empty()) return InvalidArgument("no package to move to was named");
  swap.set_package(request.package());
  // Its settings are as they are given: nothing of the old ones, such as a path, goes over.
  swap.set_config_json(request.config_json());
  swap.set_mode(v1::SWAP_MODE_TRANSFER);
  STRATA_ASSIGN_OR_RETURN(Wanted wanted, WantedBySwap(state, layout, swap));
  WantedSlot& slot = *FindWanted(&wanted, swap.slot());
  slot.config.config_json = request.config_json().empty() ? "{}" : request.config_json();
  slot.config.config_places = {{"", "move: the new settings"}};
  wanted.name = "move";
  return wanted;
}

Result<Wanted> WantedByMoveData(const StackState& state, const Layout& layout,
                                const v1::MoveDataRequest& request) {
  v1::SwapRequest swap;
  swap.set_slot(request.slot());
  if (swap.slot().empty()) {
    STRATA_ASSIGN_OR_RETURN(const std::string slot, OnlyData(layout));
    swap.set_slot(slot);
  }
  STRATA_ASSIGN_OR_RETURN(const Slot* const now, FindSlot(layout, swap.slot()));
  if (now->manifest && now->manifest->layer != kData) {
    return InvalidArgument("slot \"" + swap.slot() + "\" is of the " + now->manifest->layer +
                           " layer; this moves the records of data plugins");
  }
  swap.set_package(request.package());
  swap.set_config_json(request.config_json());
  swap.set_mode(v1::SWAP_MODE_TRANSFER);
  STRATA_ASSIGN_OR_RETURN(Wanted wanted, WantedBySwap(state, layout, swap));
  WantedSlot& slot = *FindWanted(&wanted, swap.slot());
  if (!request.config_json().empty()) slot.config.config_json = request.config_json();
  slot.config.config_places = {{"", "move: the new settings"}};
  for (const v1::Binding& binding : request.connect()) {
    slot.config.requirements[binding.name()] = {binding.slot(), "move"};
  }
  wanted.name = "move";
  return wanted;
}

Result<Wanted> WantedByRollback(const Layout& layout, const v1::RollbackRequest& request) {
  STRATA_ASSIGN_OR_RETURN(const Slot* const now, FindSlot(layout, request.slot()));
  if (now->previous == nullptr) {
    return FailedPrecondition("slot \"" + request.slot() +
                              "\" has nothing to go back to: nothing was changed there since the "
                              "core started");
  }
  Wanted out = AsItIs(layout);
  out.name = "rollback";
  WantedSlot& slot = *FindWanted(&out, request.slot());
  slot.keep = false;
  slot.always = true;
  slot.config = now->previous->config;
  slot.back_to = now->previous;
  return out;
}

Result<Wanted> WantedByApply(const StackState& state, const v1::ApplyRequest& request,
                             std::vector<std::string>* warnings) {
  const std::string file = request.file().empty() ? "stack.yaml" : request.file();
  STRATA_ASSIGN_OR_RETURN(const StackConfig config, ParseStack(request.stack_yaml(), file));
  CompareHeads(state.config, config, warnings);
  Wanted out;
  out.name = file;
  for (const SlotConfig& slot : config.slots) {
    WantedSlot& wanted = out.slots.emplace_back();
    wanted.config = slot;
    // A path in the file counts from the file's folder.
    if (slot.plugin.find('/') != std::string::npos && !request.base_dir().empty()) {
      wanted.config.plugin = (fs::path(request.base_dir()) / slot.plugin).string();
    }
  }
  return out;
}

Wanted WantedBefore(const Layout& now, const Layout& before,
                    const std::vector<SlotChange>& changes) {
  Wanted out = AsItIs(now);
  out.name = "rollback";
  for (const SlotChange& change : changes) {
    const Slot* const then = before.Find(change.slot());
    const bool ran = then != nullptr && then->instance != nullptr;
    std::erase_if(out.slots, [&](const WantedSlot& slot) {
      return !ran && slot.config.name == change.slot();
    });
    if (!ran) continue;
    WantedSlot* slot = FindWanted(&out, change.slot());
    if (slot == nullptr) slot = &out.slots.emplace_back();
    slot->keep = false;
    slot->always = change.action() != SlotChange::ACTION_RECONFIGURE;
    slot->config = then->config;
    auto back = std::make_shared<Slot>(*then);
    back->code = then->instance->spec().plugin;
    slot->back_to = back;
  }
  return out;
}

}  // namespace strata::host
