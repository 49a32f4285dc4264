#include "core/host/stack_file.h"

#include <arpa/inet.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <sstream>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/host/config_schema.h"
#include "core/host/yaml_json.h"

namespace strata::host {
namespace {

using Handler = std::function<void(const YAML::Node&)>;
// What may stand in one mapping, by name.
using Handlers = std::map<std::string, Handler, std::less<>>;

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  std::int64_t count = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - end.ptr));
  if (end.ec != std::errc() || count <= 0 || count > 86'400'000) return std::nullopt;
  if (unit == "ms") return std::chrono::milliseconds(count);
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "min") return std::chrono::minutes(count);
  return std::nullopt;
}

bool IsSlotName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

// Walks one stack file and collects every fault.
class StackReader {
 public:
  explicit StackReader(const std::string& file) : file_(file) { out_.file = file; }

  Result<StackConfig> Read(std::string_view yaml) {
    try {
      const YAML::Node root = YAML::Load(std::string(yaml));
      ReadRoot(root);
    } catch (const YAML::Exception& e) {
      Fault(e.mark.line + 1, e.msg);
    }
    if (!faults_.empty()) return InvalidArgument(faults_);
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kMaxFaults = 4000;  // Bytes of text.

  Place PlaceOf(const YAML::Node& node) const {
    return file_ + ":" + std::to_string(node.Mark().line + 1);
  }

  void Fault(int line, const std::string& message) {
    if (faults_.size() > kMaxFaults) return;
    if (!faults_.empty()) faults_.push_back('\n');
    faults_.append(file_).append(":").append(std::to_string(line)).append(": ").append(message);
  }
  void Fault(const YAML::Node& node, const std::string& message) {
    Fault(node.Mark().line + 1, message);
  }

  // Calls `entry` for each name of a mapping; a name that was there before is a fault.
  void ForEach(
      const YAML::Node& node, const std::string& what,
      const std::function<void(const std::string&, const YAML::Node&, const YAML::Node&)>& entry) {
    if (node.IsNull()) return;
    if (!node.IsMap()) return Fault(node, what + " must be a mapping of names to values");
    std::map<std::string, int> lines;
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) {
        Fault(pair.first, "a name must be a text");
        continue;
      }
      const std::string& name = pair.first.Scalar();
      const auto [known, fresh] = lines.emplace(name, pair.first.Mark().line + 1);
      if (fresh) {
        entry(name, pair.first, pair.second);
      } else {
        Fault(pair.first,
              "\"" + name + "\" is there twice, first in line " + std::to_string(known->second));
      }
    }
  }

  void ReadMapping(const YAML::Node& node, const std::string& what, const Handlers& handlers) {
    ForEach(node, what,
            [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
              if (const auto handler = handlers.find(name); handler != handlers.end()) {
                handler->second(value);
                return;
              }
              std::vector<std::string> known;
              for (const auto& [candidate, handler] : handlers) known.push_back(candidate);
              Fault(key, "unknown key \"" + name + "\" in " + what + DidYouMean(name, known));
            });
  }

  Handler Text(std::string* to) {
    return [this, to](const YAML::Node& node) {
      if (!node.IsScalar() || node.Scalar().empty()) return Fault(node, "must be a text");
      *to = node.Scalar();
    };
  }

  Handler Flag(bool* to) {
    return [this, to](const YAML::Node& node) {
      const bool is = node.IsScalar() && (node.Scalar() == "true" || node.Scalar() == "false");
      if (!is) return Fault(node, "must be true or false");
      *to = node.Scalar() == "true";
    };
  }

  Handler Count(std::size_t least, std::size_t most, std::size_t* to) {
    return [this, least, most, to](const YAML::Node& node) {
      std::size_t value = 0;
      const std::string text = node.IsScalar() ? node.Scalar() : "";
      const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
      if (text.empty() || end.ptr != text.data() + text.size() || value < least || value > most) {
        return Fault(node, "must be a whole number from " + std::to_string(least) + " to " +
                               std::to_string(most));
      }
      *to = value;
    };
  }

  Handler Duration(std::chrono::milliseconds* to) {
    return [this, to](const YAML::Node& node) {
      const auto value = node.IsScalar() ? ParseDuration(node.Scalar()) : std::nullopt;
      if (!value) return Fault(node, "must be a time such as 500ms, 30s or 2min");
      *to = *value;
    };
  }

  Handler Address(bool unix_too, std::string* to) {
    return [this, unix_too, to](const YAML::Node& node) {
      // Whoever may open the socket's file is on this machine.
      if (unix_too && node.IsScalar() && node.Scalar().starts_with("unix:/")) {
        *to = node.Scalar();
        return;
      }
      const Status status = CheckListenAddress(node.IsScalar() ? node.Scalar() : "");
      if (!status.ok()) return Fault(node, status.message());
      *to = node.Scalar();
    };
  }

  void ReadRoot(const YAML::Node& root) {
    if (!root.IsMap()) return Fault(1, "a stack file is a mapping; see core/host/README.md");
    ReadMapping(
        root, "the stack file",
        {{"stack", Text(&out_.name)},
         {"http", Address(/*unix_too=*/false, &out_.http)},
         {"grpc", Address(/*unix_too=*/true, &out_.grpc)},
         {"admin_http", Address(/*unix_too=*/false, &out_.admin_http)},
         {"data", Text(&out_.data)},
         {"limits", [this](const YAML::Node& n) { ReadLimits(n); }},
         {"timeouts", [this](const YAML::Node& n) { ReadTimeouts(n); }},
         {"probation", [this](const YAML::Node& n) { ReadProbation(n); }},
         {"canary",
          [this](const YAML::Node& n) { ReadMapping(n, "canary", BoundsIn(&out_.canary)); }},
         {"slots", [this](const YAML::Node& n) { ReadSlots(n); }}});
    if (out_.name.empty()) Fault(1, "\"stack\" (the name of the stack) is missing");
    if (out_.slots.empty()) Fault(1, "\"slots\" is missing or empty");
    CheckTargets();
  }

  void ReadLimits(const YAML::Node& node) {
    ReadMapping(node, "limits",
                {{"requests", Count(1, 60'000, &out_.max_requests)},
                 {"workers", Count(1, 256, &out_.workers)},
                 {"queued_work", Count(1, 1'000'000, &out_.max_queued_work)}});
  }

  void ReadTimeouts(const YAML::Node& node) {
    ReadMapping(node, "timeouts",
                {{"start", Duration(&out_.start_timeout)},
                 {"drain", Duration(&out_.drain_timeout)},
                 {"park", Duration(&out_.park_timeout)}});
  }

  void ReadProbation(const YAML::Node& node) {
    Handlers handlers = BoundsIn(&out_.probation);
    handlers["for"] = [this](const YAML::Node& n) {
      std::chrono::milliseconds time{0};
      Duration (&time)(n);
      out_.probation.duration = time;
    };
    ReadMapping(node, "probation", handlers);
  }

  Handlers BoundsIn(ChangeBounds* to) {
    return {{"more_errors",
             [this, to](const YAML::Node& n) {
               const auto percent = Number(n, "%");
               if (!percent || *percent > 100) {
                 return Fault(n, "must be a percentage such as 5%");
               }
               to->more_errors = *percent / 100;
             }},
            {"slower",
             [this, to](const YAML::Node& n) {
               const auto times = Number(n, "");
               if (!times || *times < 1) return Fault(n, "must be a number of times, at least 1");
               to->slower = *times;
             }},
            {"least_calls", [this, to](const YAML::Node& n) {
               std::size_t calls = 0;
               Count(1, 1'000'000, &calls)(n);
               to->least_calls = calls;
             }}};
  }

  // Not negative, and with that unit behind it; nothing: it is no such number.
  static std::optional<double> Number(const YAML::Node& node, std::string_view unit) {
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    double value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view rest(end.ptr,
                                static_cast<std::size_t>(text.data() + text.size() - end.ptr));
    if (end.ec != std::errc() || rest != unit || !(value >= 0)) return std::nullopt;
    return value;
  }

  void ReadSlots(const YAML::Node& node) {
    ForEach(node, "slots",
            [this](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
              if (name == kCoreSlot) return Fault(key, "\"core\" is the core's own slot");
              if (!IsSlotName(name)) {
                return Fault(key,
                             "a slot's name is lower-case letters, digits, - and _, and "
                             "starts with a letter");
              }
              ReadSlot(name, key, value);
            });
  }

  void ReadSlot(const std::string& name, const YAML::Node& key, const YAML::Node& node) {
    SlotConfig slot;
    slot.name = name;
    slot.place = PlaceOf(key);
    bool isolation_given = false;
    ReadMapping(node, "slot \"" + name + "\"",
                {{"plugin",
                  [&](const YAML::Node& n) {
                    Text (&slot.plugin)(n);
                    slot.plugin_place = PlaceOf(n);
                  }},
                 {"config", [&](const YAML::Node& n) { ReadConfig(n, &slot); }},
                 {"requires", [&](const YAML::Node& n) { ReadRequires(n, &slot); }},
                 {"optional", Flag(&slot.optional)},
                 {"default", Flag(&slot.is_default)},
                 {"isolation",
                  [&](const YAML::Node& n) {
                    isolation_given = true;
                    ReadIsolation(n, &slot.run);
                  }},
                 {"limits", [&](const YAML::Node& n) { ReadSlotLimits(n, &slot.run); }},
                 {"network", Flag(&slot.run.network)},
                 {"endpoint", Text(&slot.run.endpoint)},
                 {"tls", [&](const YAML::Node& n) { ReadTls(n, &slot.run); }},
                 {"command", Texts(&slot.run.command)},
                 {"provides", Texts(&slot.run.provides)},
                 {"layer", Text(&slot.run.layer)}});
    const bool none = slot.plugin.empty() && slot.run.endpoint.empty() && slot.run.command.empty();
    if (none) {
      Fault(key, "slot \"" + name + "\" names no plugin (plugin: FOLDER)");
    } else if (const Status run =
                   CompleteRunConfig(!slot.plugin.empty(), isolation_given, &slot.run);
               !run.ok()) {
      Fault(key, "slot \"" + name + "\": " + run.message());
    }
    if (slot.plugin_place.empty()) slot.plugin_place = slot.place;
    out_.slots.push_back(std::move(slot));
  }

  void ReadIsolation(const YAML::Node& node, RunConfig* run) {
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    if (text != "process" && text != "in-process") {
      return Fault(node, "isolation must be in-process or process");
    }
    run->mode = text == "process" ? RunConfig::Mode::kProcess : RunConfig::Mode::kInProcess;
  }

  void ReadSlotLimits(const YAML::Node& node, RunConfig* run) {
    ReadMapping(node, "limits of a slot",
                {{"memory_mib", Count(16, 1 << 24, &run->memory_mib)},
                 {"cpu_percent", Count(1, 100'000, &run->cpu_percent)},
                 {"tasks", Count(16, 1 << 20, &run->tasks)}});
  }

  void ReadTls(const YAML::Node& node, RunConfig* run) {
    ReadMapping(
        node, "tls",
        {{"ca", Text(&run->tls_ca)}, {"cert", Text(&run->tls_cert)}, {"key", Text(&run->tls_key)}});
  }

  Handler Texts(std::vector<std::string>* to) {
    return [this, to](const YAML::Node& node) {
      if (!node.IsSequence() || node.size() == 0) return Fault(node, "must be a list of texts");
      for (const auto& element : node) {
        to->emplace_back();
        Text (&to->back())(element);
      }
    };
  }

  void ReadConfig(const YAML::Node& node, SlotConfig* slot) {
    if (node.IsNull()) return;
    if (!node.IsMap()) return Fault(node, "config must be a mapping of names to values");
    std::map<std::string, int, std::less<>> lines;
    YamlError error;
    slot->config_json = YamlToJson(node, "", &lines, &error);
    if (!error.message.empty()) Fault(error.line, error.message);
    for (const auto& [path, line] : lines) {
      slot->config_places.emplace(path, file_ + ":" + std::to_string(line));
    }
  }

  void ReadRequires(const YAML::Node& node, SlotConfig* slot) {
    ForEach(node, "requires",
            [&](const std::string& name, const YAML::Node&, const YAML::Node& value) {
              SlotRequirement requirement;
              Text (&requirement.slot)(value);
              requirement.place = PlaceOf(value);
              slot->requirements.emplace(name, std::move(requirement));
            });
  }

  // Every slot that is named somewhere exists.
  void CheckTargets() {
    std::vector<std::string> names{std::string(kCoreSlot)};
    for (const SlotConfig& slot : out_.slots) names.push_back(slot.name);
    for (const SlotConfig& slot : out_.slots) {
      for (const auto& [name, to] : slot.requirements) {
        if (to.slot.empty() || std::find(names.begin(), names.end(), to.slot) != names.end()) {
          continue;
        }
        if (!faults_.empty()) faults_.push_back('\n');
        faults_.append(to.place).append(": slot \"").append(slot.name);
        faults_.append("\" requires slot \"").append(to.slot).append("\", which is not there");
        faults_.append(DidYouMean(to.slot, names));
      }
    }
  }

  const std::string file_;
  StackConfig out_;
  std::string faults_;
};

// `config` with the member at the dotted `key` replaced by or added as `value`.
std::string SetMember(json::Value config, std::string_view key, std::string_view value) {
  const std::size_t dot = key.find('.');
  const std::string_view name = key.substr(0, dot);
  const auto inner = [&](json::Value old) {
    return dot == std::string_view::npos ? std::string(value)
                                         : SetMember(old, key.substr(dot + 1), value);
  };
  std::string out = "{";
  bool done = false;
  const auto add = [&](std::string_view member, std::string_view text) {
    if (out.size() > 1) out.push_back(',');
    json::AppendQuoted(member, &out);
    out.append(":").append(text);
  };
  for (const auto& member : config.members()) {
    const bool here = member.name == name;
    done = done || here;
    add(member.name, here ? inner(member.value) : std::string(member.value.raw()));
  }
  if (!done) add(name, inner(json::Value()));
  return out + "}";
}

Status ApplySet(const std::string& set, StackConfig* stack) {
  const std::size_t equals = set.find('=');
  const std::size_t dot = set.find('.');
  const Place place = "--set " + set.substr(0, equals);
  if (equals == std::string::npos || dot == std::string::npos || dot == 0 || dot + 1 >= equals) {
    return InvalidArgument(place + ": expected slot.key=value");
  }
  const std::string name = set.substr(0, dot);
  const auto slot = std::find_if(stack->slots.begin(), stack->slots.end(),
                                 [&](const SlotConfig& s) { return s.name == name; });
  if (slot == stack->slots.end()) {
    std::vector<std::string> names;
    for (const SlotConfig& s : stack->slots) names.push_back(s.name);
    return InvalidArgument(place + ": there is no slot \"" + name + "\"" + DidYouMean(name, names));
  }
  std::map<std::string, int, std::less<>> lines;
  YamlError error;
  std::string value;
  const std::string key = set.substr(dot + 1, equals - dot - 1);
  try {
    value = YamlToJson(YAML::Load(set.substr(equals + 1)), key, &lines, &error);
  } catch (const YAML::Exception& e) {
    return InvalidArgument(place + ": " + e.msg);
  }
  if (!error.message.empty()) return InvalidArgument(place + ": " + error.message);
  STRATA_ASSIGN_OR_RETURN(const auto config, json::Document::Parse(slot->config_json));
  slot->config_json = SetMember(config.root(), key, value);
  for (const auto& [path, line] : lines) slot->config_places[path] = place;
  return OkStatus();
}

bool IsLoopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr v4{};
  return ::inet_pton(AF_INET, host.c_str(), &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

}  // namespace

const Place& SlotConfig::ConfigPlace(std::string_view path) const {
  while (true) {
    if (const auto found = config_places.find(path); found != config_places.end()) {
      return found->second;
    }
    if (path.empty()) return place;
    const std::size_t cut = path.find_last_of(".[");
    path = cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
  }
}

Status CheckListenAddress(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? "" : address.substr(colon + 1);
  unsigned number = 0;
  const auto end = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || end.ptr != port.data() + port.size() || number > 65'535) {
    return InvalidArgument("expected HOST:PORT, such as 127.0.0.1:8080");
  }
  if (IsLoopback(std::string(address.substr(0, colon)))) return OkStatus();
  return InvalidArgument(
      "only loopback addresses are served (127.0.0.1, [::1], localhost), because nobody has to log "
      "in yet");
}

Result<StackConfig> ParseStack(std::string_view yaml, const std::string& file,
                               std::span<const std::string> sets) {
  STRATA_ASSIGN_OR_RETURN(StackConfig out, StackReader(file).Read(yaml));
  for (const std::string& set : sets) STRATA_RETURN_IF_ERROR(ApplySet(set, &out));
  return out;
}

Result<StackConfig> LoadStackFile(const std::string& path, std::span<const std::string> sets) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  if (!in || !(text << in.rdbuf())) return NotFound("cannot read the stack file " + path);
  STRATA_ASSIGN_OR_RETURN(StackConfig out, ParseStack(text.str(), path, sets));
  out.base_dir = std::filesystem::path(path).parent_path().string();
  return out;
}

}  // namespace strata::host
