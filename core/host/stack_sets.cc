#include "core/host/stack_sets.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <vector>

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/host/config_schema.h"
#include "core/host/yaml_json.h"

namespace strata::host {
namespace {

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

}  // namespace

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

}  // namespace strata::host
