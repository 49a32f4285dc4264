#include "core/host/stack_file.h"

#include <arpa/inet.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/host/config_schema.h"
#include "core/host/stack_sets.h"
#include "core/host/yaml_json.h"
#include "core/host/yaml_reader.h"

namespace strata::host {
namespace {

bool IsSlotName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

// Walks one stack file and collects every fault.
class StackReader final : private YamlReader {
 public:
  explicit StackReader(const std::string& file) : YamlReader(file) { out_.file = file; }

  Result<StackConfig> Read(std::string_view yaml) {
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
      if (documents.size() > 1) {
        Fault(documents[1], "a stack file is one YAML document; another one begins here");
      }
      ReadRoot(documents.empty() ? YAML::Node() : documents.front());
    } catch (const YAML::Exception& e) {
      Fault(e.mark.line + 1, e.msg);
    }
    STRATA_RETURN_IF_ERROR(status());
    return std::move(out_);
  }

 private:
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

  void ReadConfig(const YAML::Node& node, SlotConfig* slot) {
    if (node.IsNull()) return;
    if (!node.IsMap()) return Fault(node, "config must be a mapping of names to values");
    std::map<std::string, int, std::less<>> lines;
    YamlError error;
    slot->config_json = YamlToJson(node, "", &lines, &error);
    if (!error.message.empty()) Fault(error.line, error.message);
    for (const auto& [path, line] : lines) {
      slot->config_places.emplace(path, PlaceOf(line));
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
        Fault(to.place, "slot \"" + slot.name + "\" requires slot \"" + to.slot +
                            "\", which is not there" + DidYouMean(to.slot, names));
      }
    }
  }

  StackConfig out_;
};

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
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return NotFound("cannot read the stack file " + path);
  STRATA_ASSIGN_OR_RETURN(StackConfig out, ParseStack(text, path, sets));
  out.base_dir = std::filesystem::path(path).parent_path().string();
  return out;
}

}  // namespace strata::host
