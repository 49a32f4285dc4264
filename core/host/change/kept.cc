#include "core/host/change/kept.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/host/durable_file.h"
#include "core/host/sha256.h"

namespace strata::host {
namespace {

using json::Value;

std::string FileIn(const std::string& folder) { return folder + "/running.json"; }

std::string DigestOf(const SlotConfig* slot) {
  return slot == nullptr ? std::string() : Sha256Hex(EntryJson(*slot));
}

const SlotConfig* Find(const std::vector<SlotConfig>& slots, const std::string& name) {
  const auto found = std::find_if(slots.begin(), slots.end(),
                                  [&](const SlotConfig& slot) { return slot.name == name; });
  return found == slots.end() ? nullptr : &*found;
}

SlotConfig ReadEntry(const std::string& name, Value value, const std::string& change) {
  SlotConfig out;
  out.name = name;
  out.place = out.plugin_place = "change " + change;
  out.plugin = value["plugin"].string();
  if (value["config"]) out.config_json = value["config"].raw();
  for (const auto& member : value["requires"].members()) {
    SlotRequirement& requirement = out.requirements[std::string(member.name)];
    requirement.slot = member.value.string();
    requirement.place = out.place;
  }
  out.optional = value["optional"].bool_value();
  out.is_default = value["default"].bool_value();
  out.run = ReadRunJson(value["run"]);
  return out;
}

StoredFormat ReadFormat(Value value) {
  const auto number = [&](std::string_view name) {
    return static_cast<std::uint32_t>(value[name].int_value().value_or(0));
  };
  return {std::string(value["name"].string()), number("writes"), number("lowest")};
}

void WriteFormat(const StoredFormat& format, json::Writer* out) {
  out->Key("format").BeginObject().Field("name", format.name);
  out->Key("writes").Int(format.writes);
  out->Key("lowest").Int(format.lowest);
  out->EndObject();
}

}  // namespace

std::string EntryJson(const SlotConfig& slot) {
  std::string text;
  json::Writer out(&text);
  out.BeginObject();
  out.Field("plugin", slot.plugin);
  out.Key("config").Raw(slot.config_json);
  out.Key("requires").BeginObject();
  for (const auto& [name, to] : slot.requirements) out.Field(name, to.slot);
  out.EndObject();
  out.Key("optional").Bool(slot.optional);
  out.Key("default").Bool(slot.is_default);
  if (slot.run != RunConfig()) out.Key("run").Raw(RunJson(slot.run));
  out.EndObject();
  return text;
}

KeptChanges::KeptChanges(std::string folder, base::Log& log)
    : folder_(std::move(folder)), log_(log) {
  if (const Status status = Load(); !status.ok()) {
    log_.Error("changes.kept_not_read", {{"file", FileIn(folder_)}, {"reason", status.message()}});
  }
}

Status KeptChanges::Load() {
  std::ifstream in(FileIn(folder_), std::ios::binary);
  if (!in) return OkStatus();
  std::stringstream text;
  text << in.rdbuf();
  STRATA_ASSIGN_OR_RETURN(const auto document, json::Document::Parse(text.str()));
  for (const auto& member : document.root()["slots"].members()) {
    const std::string name(member.name);
    Kept& kept = slots_[name];
    kept.file = member.value["file"].string();
    const auto read = [&](std::string_view which, std::optional<State>* to) {
      const Value value = member.value[which];
      if (!value) return;
      to->emplace();
      (*to)->change = value["change"].string();
      if (value["entry"].is_object()) {
        (*to)->entry = ReadEntry(name, value["entry"], (*to)->change);
      }
      if (value["format"]) (*to)->format = ReadFormat(value["format"]);
    };
    read("confirmed", &kept.confirmed);
    read("pending", &kept.pending);
    read("copying", &kept.copying);
  }
  saved_ = slots_;
  return OkStatus();
}

Status KeptChanges::Save() {
  std::string text;
  json::Writer out(&text);
  out.BeginObject().Key("slots").BeginObject();
  for (const auto& [name, kept] : slots_) {
    out.Key(name).BeginObject();
    out.Field("file", kept.file);
    const auto write = [&](std::string_view which, const std::optional<State>& state) {
      if (!state) return;
      out.Key(which).BeginObject().Field("change", state->change).Key("entry");
      out.Raw(state->entry ? EntryJson(*state->entry) : "null");
      if (state->format.known()) WriteFormat(state->format, &out);
      out.EndObject();
    };
    write("confirmed", kept.confirmed);
    write("pending", kept.pending);
    write("copying", kept.copying);
    out.EndObject();
  }
  out.EndObject().EndObject();
  Status status = ReplaceDurably(FileIn(folder_), text + "\n");
  if (status.ok()) {
    saved_ = slots_;
  } else {
    log_.Error("changes.not_kept", {{"reason", status.message()}});
  }
  return status;
}

void KeptChanges::Restore(StackConfig* config) {
  config->file_slots = config->slots;
  for (auto kept = slots_.begin(); kept != slots_.end();) {
    const auto& [name, what] = *kept;
    const std::string file = DigestOf(Find(config->file_slots, name));
    if (what.pending) {
      log_.Warning("changes.not_confirmed", {{"slot", name}, {"change", what.pending->change}});
    }
    if (what.file != file) {
      log_.Warning("changes.file_is_newer", {{"slot", name}, {"file", config->file}});
    }
    if (what.file != file || (!what.confirmed && !what.copying)) {
      kept = slots_.erase(kept);
      continue;
    }
    if (!what.confirmed) {
      ++kept;
      continue;
    }
    const auto slot = std::find_if(config->slots.begin(), config->slots.end(),
                                   [&](const SlotConfig& s) { return s.name == kept->first; });
    if (!what.confirmed->entry) {
      if (slot != config->slots.end()) config->slots.erase(slot);
    } else if (slot != config->slots.end()) {
      *slot = *what.confirmed->entry;
    } else {
      config->slots.push_back(*what.confirmed->entry);
    }
    log_.Info("changes.restored", {{"slot", name}, {"change", what.confirmed->change}});
    ++kept;
  }
}

void KeptChanges::Set(const std::string& slot, const Made& made) {
  Kept& kept = slots_[slot];
  kept.file = DigestOf(made.file);
  State state{made.now == nullptr ? std::nullopt : std::optional(*made.now), made.change,
              made.format};
  (made.confirmed ? kept.confirmed : kept.pending) = std::move(state);
  if (!made.confirmed) return;
  kept.pending.reset();
  const bool as_file = made.file == nullptr
                           ? made.now == nullptr
                           : made.now != nullptr && EntryJson(*made.now) == EntryJson(*made.file);
  if (as_file && !made.format.known()) slots_.erase(slot);
}

std::map<std::string, StoredFormat> KeptChanges::Formats() const {
  std::map<std::string, StoredFormat> out;
  for (const auto& [name, kept] : slots_) {
    if (kept.confirmed && kept.confirmed->format.known()) out[name] = kept.confirmed->format;
  }
  return out;
}

bool KeptChanges::ForgetFormats() {
  const bool any = !Formats().empty();
  for (auto& [name, kept] : slots_) {
    if (kept.confirmed) kept.confirmed->format = {};
  }
  return any;
}

void KeptChanges::SetCopying(const std::string& slot, const SlotConfig* file, const SlotConfig* now,
                             const std::string& change) {
  Kept& kept = slots_[slot];
  kept.file = DigestOf(file);
  kept.copying = State{now == nullptr ? std::nullopt : std::optional(*now), change};
}

bool KeptChanges::ClearCopying() {
  bool any = false;
  for (auto& [name, kept] : slots_) {
    any = any || kept.copying.has_value();
    kept.copying.reset();
  }
  std::erase_if(slots_,
                [](const auto& kept) { return !kept.second.confirmed && !kept.second.pending; });
  return any;
}

std::optional<KeptChanges::Copying> KeptChanges::CutOff(const std::vector<SlotConfig>& file) const {
  Copying out;
  for (const auto& [name, kept] : slots_) {
    if (!kept.copying) continue;
    if (kept.file != DigestOf(Find(file, name))) return std::nullopt;
    out.change = kept.copying->change;
    out.slots[name] = kept.copying->entry;
  }
  return out.slots.empty() ? std::nullopt : std::optional(std::move(out));
}

bool KeptChanges::WasMadeBy(const std::string& change) const {
  return std::any_of(slots_.begin(), slots_.end(), [&](const auto& kept) {
    return kept.second.confirmed && kept.second.confirmed->change == change;
  });
}

void KeptChanges::Confirm(const std::string& change) {
  for (auto& [name, kept] : slots_) {
    if (!kept.pending || kept.pending->change != change) continue;
    kept.confirmed = std::exchange(kept.pending, std::nullopt);
  }
}

void KeptChanges::Clear() { slots_.clear(); }

}  // namespace strata::host
