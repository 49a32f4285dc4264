#include "core/host/run_config.h"

#include <algorithm>
#include <array>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/host/isolation.h"
#include "core/host/stack_file.h"

namespace strata::host {
namespace {

constexpr std::array<std::string_view, 4> kLayers = {"hosting", "data", "service", "tool"};

Status CheckEndpoint(const RunConfig& run) {
  const bool tls = !run.tls_ca.empty() || !run.tls_cert.empty() || !run.tls_key.empty();
  if (run.endpoint.starts_with("unix:")) {
    if (!run.endpoint.starts_with("unix:/")) {
      return InvalidArgument("endpoint: the path of a unix socket is absolute (unix:/path)");
    }
    return tls ? InvalidArgument("tls is for endpoints HOST:PORT") : OkStatus();
  }
  if (tls) {
    if (run.tls_ca.empty() || run.tls_cert.empty() || run.tls_key.empty()) {
      return InvalidArgument("tls needs ca, cert and key: both sides must prove who they are");
    }
    return OkStatus();
  }
  if (CheckListenAddress(run.endpoint).ok()) return OkStatus();
  return InvalidArgument(
      "endpoint: expected unix:/path, a loopback HOST:PORT, or HOST:PORT with tls "
      "{ca, cert, key}; records do not cross a network in clear text");
}

Status CheckOutside(const RunConfig& run) {
  if (run.provides.empty() || run.layer.empty()) {
    return InvalidArgument("endpoint and command need \"provides\" (services) and \"layer\"");
  }
  if (std::find(kLayers.begin(), kLayers.end(), run.layer) == kLayers.end()) {
    return InvalidArgument("layer: expected hosting, data, service or tool");
  }
  return OkStatus();
}

}  // namespace

std::string_view ModeName(RunConfig::Mode mode) {
  constexpr std::array<std::string_view, 4> kNames = {"in-process", "process", "endpoint",
                                                      "command"};
  return kNames.at(static_cast<std::size_t>(mode));
}

Status CompleteRunConfig(bool has_plugin, bool isolation_given, RunConfig* run) {
  using Mode = RunConfig::Mode;
  const int sources =
      (has_plugin ? 1 : 0) + (run->endpoint.empty() ? 0 : 1) + (run->command.empty() ? 0 : 1);
  if (sources != 1) return InvalidArgument("name one of plugin, endpoint and command");
  if (!run->endpoint.empty()) run->mode = Mode::kEndpoint;
  if (!run->command.empty()) run->mode = Mode::kCommand;
  const bool limits = run->memory_mib != 0 || run->cpu_percent != 0 || run->tasks != 0;
  const bool own_process = run->mode == Mode::kProcess || run->mode == Mode::kCommand;
  if ((limits || run->network) && !own_process) {
    return InvalidArgument("limits and network need a process of its own (isolation: process)");
  }
  if (run->mode != Mode::kEndpoint &&
      (!run->tls_ca.empty() || !run->tls_cert.empty() || !run->tls_key.empty())) {
    return InvalidArgument("tls is for endpoints HOST:PORT");
  }
  if (!has_plugin) {
    if (isolation_given) return InvalidArgument("isolation is for plugins");
    STRATA_RETURN_IF_ERROR(CheckOutside(*run));
  } else if (!run->provides.empty() || !run->layer.empty()) {
    return InvalidArgument("provides and layer of a plugin stand in its manifest");
  }
  return run->mode == Mode::kEndpoint ? CheckEndpoint(*run) : OkStatus();
}

std::string RunJson(const RunConfig& run) {
  std::string text;
  json::Writer out(&text);
  const auto list = [&](std::string_view name, const std::vector<std::string>& texts) {
    out.Key(name).BeginArray();
    for (const std::string& one : texts) out.String(one);
    out.EndArray();
  };
  out.BeginObject().Field("mode", ModeName(run.mode));
  out.Key("memory_mib").Int(static_cast<std::int64_t>(run.memory_mib));
  out.Key("cpu_percent").Int(static_cast<std::int64_t>(run.cpu_percent));
  out.Key("tasks").Int(static_cast<std::int64_t>(run.tasks));
  out.Key("network").Bool(run.network);
  out.Field("endpoint", run.endpoint).Field("tls_ca", run.tls_ca);
  out.Field("tls_cert", run.tls_cert).Field("tls_key", run.tls_key);
  list("command", run.command);
  list("provides", run.provides);
  out.Field("layer", run.layer).EndObject();
  return text;
}

RunConfig ReadRunJson(const json::Value& value) {
  RunConfig out;
  for (const auto mode :
       {RunConfig::Mode::kProcess, RunConfig::Mode::kEndpoint, RunConfig::Mode::kCommand}) {
    if (value["mode"].string() == ModeName(mode)) out.mode = mode;
  }
  const auto count = [&](std::string_view name) {
    return static_cast<std::size_t>(value[name].int_value().value_or(0));
  };
  out.memory_mib = count("memory_mib");
  out.cpu_percent = count("cpu_percent");
  out.tasks = count("tasks");
  out.network = value["network"].bool_value();
  out.endpoint = value["endpoint"].string();
  out.tls_ca = value["tls_ca"].string();
  out.tls_cert = value["tls_cert"].string();
  out.tls_key = value["tls_key"].string();
  for (const json::Value one : value["command"].elements()) out.command.emplace_back(one.string());
  for (const json::Value one : value["provides"].elements())
    out.provides.emplace_back(one.string());
  out.layer = value["layer"].string();
  return out;
}

Package OutsidePackage(const SlotConfig& slot) {
  Package out;
  out.manifest.id =
      slot.run.mode == RunConfig::Mode::kEndpoint ? slot.run.endpoint : slot.run.command.front();
  out.manifest.version = "0.0.0";
  out.manifest.layer = slot.run.layer;
  out.manifest.title = std::string(ModeName(slot.run.mode));
  out.manifest.provides = slot.run.provides;
  out.manifest.config_schema = R"({"type": "object"})";
  return out;
}

}  // namespace strata::host
