#include "core/host/change/change_json.h"

#include "core/base/json.h"
#include "core/base/json_writer.h"

namespace strata::host {
namespace {

namespace v1 = core::v1;
using json::Value;

void WriteOccupant(std::string_view name, const v1::Occupant& occupant, json::Writer& out) {
  if (occupant.plugin().empty()) return;
  out.Key(name).BeginObject();
  out.Field("plugin", occupant.plugin());
  out.Field("version", occupant.version());
  out.Field("digest", occupant.digest());
  out.Field("package", occupant.package());
  out.Field("isolation", occupant.isolation());
  out.EndObject();
}

void ReadOccupant(Value value, v1::Occupant* to) {
  to->set_plugin(std::string(value["plugin"].string()));
  to->set_version(std::string(value["version"].string()));
  to->set_digest(std::string(value["digest"].string()));
  to->set_package(std::string(value["package"].string()));
  to->set_isolation(std::string(value["isolation"].string()));
}

std::string_view WithoutPrefix(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

void WriteFormat(std::string_view name, const v1::StoredFormat& format, json::Writer& out) {
  out.Key(name).BeginObject();
  out.Field("name", format.name());
  out.Key("on_disk").Int(format.on_disk());
  out.Key("writes").Int(format.writes());
  out.Key("newest").Int(format.newest());
  out.Key("read_min").Int(format.read_min());
  out.Key("read_max").Int(format.read_max());
  out.EndObject();
}

void ReadFormat(Value value, v1::StoredFormat* to) {
  const auto number = [&](std::string_view name) {
    return static_cast<std::uint32_t>(value[name].int_value().value_or(0));
  };
  to->set_name(std::string(value["name"].string()));
  to->set_on_disk(number("on_disk"));
  to->set_writes(number("writes"));
  to->set_newest(number("newest"));
  to->set_read_min(number("read_min"));
  to->set_read_max(number("read_max"));
}

void WriteSlot(const v1::SlotChange& slot, json::Writer& out) {
  out.BeginObject();
  out.Field("slot", slot.slot());
  out.Field("action", WithoutPrefix(v1::SlotChange::Action_Name(slot.action()), "ACTION_"));
  out.Field("mode", WithoutPrefix(v1::SwapMode_Name(slot.mode()), "SWAP_MODE_"));
  WriteOccupant("from", slot.from(), out);
  WriteOccupant("to", slot.to(), out);
  out.Key("settings").BeginArray();
  for (const std::string& name : slot.settings()) out.String(name);
  out.EndArray();
  if (slot.has_format_from()) WriteFormat("format_from", slot.format_from(), out);
  if (slot.has_format_to()) WriteFormat("format_to", slot.format_to(), out);
  out.EndObject();
}

void ReadSlot(Value value, v1::SlotChange* to) {
  to->set_slot(std::string(value["slot"].string()));
  v1::SlotChange::Action action = v1::SlotChange::ACTION_UNSPECIFIED;
  v1::SlotChange::Action_Parse("ACTION_" + std::string(value["action"].string()), &action);
  to->set_action(action);
  v1::SwapMode mode = v1::SWAP_MODE_UNSPECIFIED;
  v1::SwapMode_Parse("SWAP_MODE_" + std::string(value["mode"].string()), &mode);
  to->set_mode(mode);
  if (value["from"]) ReadOccupant(value["from"], to->mutable_from());
  if (value["to"]) ReadOccupant(value["to"], to->mutable_to());
  for (const Value name : value["settings"].elements()) {
    to->add_settings(std::string(name.string()));
  }
  if (value["format_from"]) ReadFormat(value["format_from"], to->mutable_format_from());
  if (value["format_to"]) ReadFormat(value["format_to"], to->mutable_format_to());
}

std::int64_t Number(Value value) { return value.int_value().value_or(0); }
std::uint64_t Unsigned(Value value) { return static_cast<std::uint64_t>(Number(value)); }

json::Writer& Field(json::Writer& out, std::string_view name, std::uint64_t value) {
  return out.Key(name).Int(static_cast<std::int64_t>(value));
}

}  // namespace

std::string ChangeToJson(const v1::Change& change, std::string_view request_id) {
  std::string text;
  json::Writer out(&text);
  out.BeginObject();
  out.Field("id", change.id());
  out.Field("kind", WithoutPrefix(v1::Change::Kind_Name(change.kind()), "KIND_"));
  out.Field("state", WithoutPrefix(v1::Change::State_Name(change.state()), "STATE_"));
  out.Field("who", change.who());
  if (!request_id.empty()) out.Field("request_id", request_id);
  out.Key("started_us").Int(change.started_us());
  out.Key("finished_us").Int(change.finished_us());
  Field(out, "generation_before", change.generation_before());
  Field(out, "generation_after", change.generation_after());
  out.Key("pause_us").Int(change.pause_us());
  Field(out, "drained", change.drained());
  Field(out, "cancelled", change.cancelled());
  Field(out, "resumed", change.resumed());
  out.Key("probation_until_us").Int(change.probation_until_us());
  out.Field("reason", change.reason());
  out.Key("slots").BeginArray();
  for (const v1::SlotChange& slot : change.slots()) WriteSlot(slot, out);
  out.EndArray();
  out.EndObject();
  return text;
}

Result<v1::Change> ChangeFromJson(std::string_view line, std::string* request_id) {
  STRATA_ASSIGN_OR_RETURN(const auto document, json::Document::Parse(line));
  const Value root = document.root();
  v1::Change out;
  out.set_id(std::string(root["id"].string()));
  if (out.id().empty()) return InvalidArgument("no id");
  v1::Change::Kind kind = v1::Change::KIND_UNSPECIFIED;
  v1::Change::Kind_Parse("KIND_" + std::string(root["kind"].string()), &kind);
  out.set_kind(kind);
  v1::Change::State state = v1::Change::STATE_UNSPECIFIED;
  v1::Change::State_Parse("STATE_" + std::string(root["state"].string()), &state);
  out.set_state(state);
  out.set_who(std::string(root["who"].string()));
  out.set_started_us(Number(root["started_us"]));
  out.set_finished_us(Number(root["finished_us"]));
  out.set_generation_before(Unsigned(root["generation_before"]));
  out.set_generation_after(Unsigned(root["generation_after"]));
  out.set_pause_us(Number(root["pause_us"]));
  out.set_drained(Unsigned(root["drained"]));
  out.set_cancelled(Unsigned(root["cancelled"]));
  out.set_resumed(Unsigned(root["resumed"]));
  out.set_probation_until_us(Number(root["probation_until_us"]));
  out.set_reason(std::string(root["reason"].string()));
  for (const Value slot : root["slots"].elements()) ReadSlot(slot, out.add_slots());
  request_id->assign(root["request_id"].string());
  return out;
}

}  // namespace strata::host
