#include "core/cli/change_text.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <map>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/cli/progress.h"
#include "core/cli/table.h"
#include "strata/core/v1/core.pb.h"

namespace strata::cli {
namespace {

namespace v1 = core::v1;
using v1::Change;
using v1::SlotChange;

std::string ActionName(SlotChange::Action action) {
  switch (action) {
    case SlotChange::ACTION_ADD:
      return "add";
    case SlotChange::ACTION_REMOVE:
      return "remove";
    case SlotChange::ACTION_SWAP:
      return "swap";
    case SlotChange::ACTION_RECONFIGURE:
      return "new settings for";
    case SlotChange::ACTION_REWIRE:
      return "connect anew";
    case SlotChange::ACTION_FORMAT:
      return "migrate";
    case SlotChange::ACTION_CANARY:
      return "share with";
    case SlotChange::ACTION_SHADOW:
      return "compare with";
    default:
      return "change";
  }
}

std::string ModeText(v1::SwapMode mode) {
  switch (mode) {
    case v1::SWAP_MODE_OVERLAP:
      return "side by side";
    case v1::SWAP_MODE_HANDOVER:
      return "the data changes hands, requests wait";
    case v1::SWAP_MODE_TRANSFER:
      return "the records are copied";
    default:
      return "";
  }
}

std::string KindName(Change::Kind kind) {
  static constexpr std::array<const char*, 7> kNames = {"change", "swap",   "apply", "rollback",
                                                        "move",   "format", "canary"};
  const auto at = static_cast<std::size_t>(kind);
  return at < kNames.size() ? kNames[at] : kNames[0];
}

std::string StateName(Change::State state) {
  static constexpr std::array<const char*, 6> kNames = {"?",    "running",    "on probation",
                                                        "done", "taken back", "failed"};
  const auto at = static_cast<std::size_t>(state);
  return at < kNames.size() ? kNames[at] : kNames[0];
}

std::string OccupantText(const v1::Occupant& occupant) {
  return occupant.plugin() + " " + occupant.version();
}

std::string Milliseconds(std::int64_t us) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms", static_cast<double>(us) / 1000);
  return text.data();
}

// A JSON object under construction.
struct Node {
  std::map<std::string, Node> members;
  std::string value;  // JSON; empty: an object.

  void Write(json::Writer& out) const {
    if (!value.empty()) {
      out.Raw(value);
      return;
    }
    out.BeginObject();
    for (const auto& [name, node] : members) {
      out.Key(name);
      node.Write(out);
    }
    out.EndObject();
  }
};

void WriteChange(const Change& change, json::Writer& out) {
  out.BeginObject();
  out.Field("id", change.id());
  out.Field("kind", KindName(change.kind()));
  out.Field("state", StateName(change.state()));
  out.Field("who", change.who());
  out.Key("started_us").Int(change.started_us());
  out.Key("finished_us").Int(change.finished_us());
  out.Key("generation_before").Int(static_cast<std::int64_t>(change.generation_before()));
  out.Key("generation_after").Int(static_cast<std::int64_t>(change.generation_after()));
  out.Key("pause_us").Int(change.pause_us());
  out.Key("drained").Int(static_cast<std::int64_t>(change.drained()));
  out.Key("cancelled").Int(static_cast<std::int64_t>(change.cancelled()));
  out.Key("resumed").Int(static_cast<std::int64_t>(change.resumed()));
  out.Field("reason", change.reason());
  out.Key("slots").BeginArray();
  for (const SlotChange& slot : change.slots()) {
    out.BeginObject();
    out.Field("slot", slot.slot());
    out.Field("action", ActionName(slot.action()));
    out.Field("from", OccupantText(slot.from()));
    out.Field("from_digest", slot.from().digest());
    out.Field("to", OccupantText(slot.to()));
    out.Field("to_digest", slot.to().digest());
    if (slot.has_format_from()) out.Key("format_from").Int(slot.format_from().writes());
    if (slot.has_format_to()) out.Key("format_to").Int(slot.format_to().writes());
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
}

}  // namespace

std::string SlotChangeText(const SlotChange& change) {
  std::string out = change.slot() + ": " + ActionName(change.action()) + " ";
  const v1::Occupant& from = change.from();
  const v1::Occupant& to = change.to();
  if (change.action() == SlotChange::ACTION_FORMAT) {
    return out + OccupantText(to) + " from stored format " +
           std::to_string(change.format_from().on_disk()) + " to " +
           std::to_string(change.format_to().writes());
  }
  if (change.action() == SlotChange::ACTION_REMOVE) return out + OccupantText(from);
  if (change.action() != SlotChange::ACTION_SWAP || from.plugin().empty()) {
    out += OccupantText(to);
  } else if (from.plugin() == to.plugin()) {
    out += from.plugin() + " " + from.version() + " -> " + to.version();
  } else {
    out += OccupantText(from) + " -> " + OccupantText(to);
  }
  if (change.action() == SlotChange::ACTION_SWAP && !ModeText(change.mode()).empty()) {
    out += ", " + ModeText(change.mode());
  }
  if (change.has_format_to()) {
    out += ", stored format " + std::to_string(change.format_to().writes());
  }
  for (int i = 0; i < change.settings_size(); ++i) {
    out += (i == 0 ? " (settings: " : ", ") + change.settings(i);
  }
  return change.settings_size() > 0 ? out + ")" : out;
}

std::string PlanText(const v1::Plan& plan) {
  if (plan.slots().empty()) return "Nothing to do: the stack is as it should be.\n";
  std::string out = "Plan\n";
  for (const SlotChange& slot : plan.slots()) out += "  " + SlotChangeText(slot) + "\n";
  for (const std::string& warning : plan.warnings()) out += "  ! " + warning + "\n";
  return out;
}

std::string ChangeText(const Change& change) {
  if (change.state() == Change::STATE_RUNNING) return change.id() + ": " + change.step();
  std::string out = change.id() + " " + StateName(change.state());
  if (change.kind() == Change::KIND_FORMAT) return out + ": " + change.reason();
  if (change.state() == Change::STATE_FAILED) {
    return out + ", nothing was changed: " + change.reason();
  }
  out += ": generation " + std::to_string(change.generation_before()) + " -> " +
         std::to_string(change.generation_after()) + ", " + std::to_string(change.drained()) +
         " requests drained, " + std::to_string(change.cancelled()) + " cancelled, pause " +
         Milliseconds(change.pause_us());
  if (change.state() == Change::STATE_PROBATION) {
    out += "\nTaken back by itself if it does worse than before, until " +
           ClockTime(change.probation_until_us());
  }
  if (!change.reason().empty()) out += "\n" + change.reason();
  return out;
}

std::string HistoryText(const v1::ListChangesResponse& changes) {
  Table table({"ID", "TIME", "KIND", "WHO", "CHANGE", "PAUSE", "DRAINED", "CANCELLED", "RESULT"});
  for (const Change& change : changes.changes()) {
    std::string what;
    for (const SlotChange& slot : change.slots()) {
      const bool format = slot.action() == SlotChange::ACTION_FORMAT;
      what += (what.empty() ? "" : "; ") + slot.slot() + " " +
              (format ? "format " + std::to_string(slot.format_from().writes()) + " -> " +
                            std::to_string(slot.format_to().writes())
                      : slot.from().version() + " -> " + slot.to().version());
    }
    std::string result = StateName(change.state());
    if (!change.reason().empty()) result += ": " + change.reason();
    table.Add({change.id(), ClockTime(change.started_us()), KindName(change.kind()), change.who(),
               what, Milliseconds(change.pause_us()), std::to_string(change.drained()),
               std::to_string(change.cancelled()), result});
  }
  return table.ToString();
}

std::string HistoryJson(const v1::ListChangesResponse& changes) {
  std::string text;
  json::Writer out(&text);
  out.BeginObject().Key("changes").BeginArray();
  for (const Change& change : changes.changes()) WriteChange(change, out);
  out.EndArray().EndObject();
  return text;
}

Result<std::string> SettingsToJson(const std::vector<std::string>& settings) {
  Node root;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArgument("--set " + setting + ": expected KEY=VALUE");
    }
    const std::string value = setting.substr(equals + 1);
    Node* node = &root;
    std::string_view rest = std::string_view(setting).substr(0, equals);
    while (true) {
      const std::size_t dot = rest.find('.');
      node = &node->members[std::string(rest.substr(0, dot))];
      if (!node->value.empty()) return InvalidArgument("--set " + setting + ": set twice");
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    if (!node->members.empty()) return InvalidArgument("--set " + setting + ": set twice");
    node->value = json::Document::Parse(value).ok() ? value : json::Quoted(value);
  }
  std::string text;
  json::Writer out(&text);
  root.Write(out);
  return text;
}

Result<std::uint32_t> ParseSeconds(std::string_view text) {
  std::uint32_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - end.ptr));
  const std::uint32_t factor = unit.empty() || unit == "s"    ? 1
                               : unit == "m" || unit == "min" ? 60
                               : unit == "h"                  ? 3600
                                                              : 0;
  if (end.ec != std::errc() || factor == 0 || number > 86'400 * 7 / factor) {
    return InvalidArgument("'" + std::string(text) + "' is no time: write 90s, 10m, 2h or 0");
  }
  return number * factor;
}

std::string ClockTime(std::int64_t wall_us) {
  const std::time_t seconds = wall_us / 1'000'000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &parts);
  return text.data();
}

}  // namespace strata::cli
