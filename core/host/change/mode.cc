#include "core/host/change/mode.h"

#include <algorithm>
#include <set>

#include "core/abi/strata/plugin_extensions.h"
#include "core/base/json.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;

// The first of `settings` that says where the plugin keeps its data, or nothing.
std::string LocatesData(const Manifest& manifest, const std::vector<std::string>& settings) {
  const auto schema = json::Document::Parse(manifest.config_schema);
  if (!schema.ok()) return {};
  for (const std::string& name : settings) {
    const json::Value property = schema->root()["properties"][name];
    if (property["x-strata-locates-data"].bool_value()) return name;
  }
  return {};
}

// Why the data cannot change hands; empty: it can.
std::string NoHandover(const Slot& now, const Slot& next,
                       const std::vector<std::string>& settings) {
  if (now.manifest->id != next.manifest->id) {
    return "plugin " + next.manifest->id + " does not keep its data as " + now.manifest->id +
           " does";
  }
  if (now.instance->Extension(STRATA_EXT_HANDOVER) == nullptr) {
    return "plugin " + now.manifest->id + " does not offer " STRATA_EXT_HANDOVER;
  }
  const std::string setting = LocatesData(*next.manifest, settings);
  if (!setting.empty()) return "the setting \"" + setting + "\" says where the data is";
  return {};
}

// The hosting slots that a slot is built on.
std::set<std::string> StoresOf(const Slot& slot) {
  std::set<std::string> out;
  for (const Grant& grant : slot.grants) {
    if (grant.service.starts_with("strata.hosting.")) out.insert(grant.slot);
  }
  return out;
}

bool IsData(const Slot& slot) { return slot.manifest && slot.manifest->layer == "data"; }

}  // namespace

bool ChangesStore(const Slot& now, const Slot& next) {
  if (!IsData(now) || !IsData(next)) return false;
  const std::set<std::string> before = StoresOf(now);
  const std::set<std::string> after = StoresOf(next);
  return !before.empty() && !after.empty() && before != after;
}

bool KeepsRecords(const Slot& slot) {
  if (!slot.manifest || slot.manifest->layer != "hosting") return false;
  const Manifest& manifest = *slot.manifest;
  return std::none_of(manifest.requirements.begin(), manifest.requirements.end(),
                      [&](const Requirement& r) { return manifest.Provides(r.service); });
}

Result<v1::SwapMode> ChooseMode(const Slot& now, const Slot& next,
                                const std::vector<std::string>& settings, v1::SwapMode asked) {
  const std::string obstacle = NoHandover(now, next, settings);
  const bool keeps = KeepsRecords(now) || KeepsRecords(next);
  const bool copies = keeps || ChangesStore(now, next);
  switch (asked) {
    case v1::SWAP_MODE_OVERLAP:
      if (!copies) return asked;
      if (!keeps) {
        return FailedPrecondition("its records are in the store that it leaves; use transfer");
      }
      return FailedPrecondition(
          "it keeps records: with two of them side by side, each would have a part of them; "
          "use handover or transfer");
    case v1::SWAP_MODE_HANDOVER:
      if (obstacle.empty()) return asked;
      return FailedPrecondition("no handover: " + obstacle);
    case v1::SWAP_MODE_TRANSFER:
      if (copies) return asked;
      if (IsData(now)) {
        return FailedPrecondition(
            "no transfer: old and new have the same store; give the new one "
            "a hosting slot of its own");
      }
      return FailedPrecondition("no transfer: it keeps no records");
    default:
      break;
  }
  if (ChangesStore(now, next)) return v1::SWAP_MODE_TRANSFER;
  if (obstacle.empty()) return v1::SWAP_MODE_HANDOVER;
  return keeps ? v1::SWAP_MODE_TRANSFER : v1::SWAP_MODE_OVERLAP;
}

std::vector<std::string> ChangedSettings(const std::string& a, const std::string& b) {
  const auto before = json::Document::Parse(a);
  const auto after = json::Document::Parse(b);
  std::vector<std::string> out;
  if (!before.ok() || !after.ok()) return out;
  const json::Value old_root = before->root();
  const json::Value new_root = after->root();
  for (const auto& member : new_root.members()) {
    const json::Value old = old_root[member.name];
    if (!old || old.raw() != member.value.raw()) out.emplace_back(member.name);
  }
  for (const auto& member : old_root.members()) {
    if (!new_root[member.name]) out.emplace_back(member.name);
  }
  return out;
}

}  // namespace strata::host
