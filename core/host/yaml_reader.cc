#include "core/host/yaml_reader.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cstdint>

#include "core/host/config_schema.h"

namespace strata::host {
namespace {

constexpr std::size_t kMaxFaults = 4000;  // Bytes of text.

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

}  // namespace

void YamlReader::Fault(const std::string& place, const std::string& message) {
  if (faults_.size() > kMaxFaults) return;
  if (!faults_.empty()) faults_.push_back('\n');
  faults_.append(place).append(": ").append(message);
}

void YamlReader::Fault(const YAML::Node& node, const std::string& message) {
  Fault(PlaceOf(node), message);
}

std::string YamlReader::PlaceOf(const YAML::Node& node) const {
  return PlaceOf(node.Mark().line + 1);
}

Status YamlReader::status() const {
  return faults_.empty() ? OkStatus() : InvalidArgument(faults_);
}

void YamlReader::ForEach(
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

void YamlReader::ReadMapping(const YAML::Node& node, const std::string& what,
                             const Handlers& handlers) {
  ForEach(node, what, [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
    if (const auto handler = handlers.find(name); handler != handlers.end()) {
      handler->second(value);
      return;
    }
    std::vector<std::string> known;
    for (const auto& [candidate, handler] : handlers) known.push_back(candidate);
    Fault(key, "unknown key \"" + name + "\" in " + what + DidYouMean(name, known));
  });
}

YamlReader::Handler YamlReader::Text(std::string* to) {
  return [this, to](const YAML::Node& node) {
    if (!node.IsScalar() || node.Scalar().empty()) return Fault(node, "must be a text");
    *to = node.Scalar();
  };
}

YamlReader::Handler YamlReader::Texts(std::vector<std::string>* to) {
  return [this, to](const YAML::Node& node) {
    if (!node.IsSequence() || node.size() == 0) return Fault(node, "must be a list of texts");
    for (const auto& element : node) {
      to->emplace_back();
      Text (&to->back())(element);
    }
  };
}

YamlReader::Handler YamlReader::Flag(bool* to) {
  return [this, to](const YAML::Node& node) {
    const bool is = node.IsScalar() && (node.Scalar() == "true" || node.Scalar() == "false");
    if (!is) return Fault(node, "must be true or false");
    *to = node.Scalar() == "true";
  };
}

YamlReader::Handler YamlReader::Count(std::size_t least, std::size_t most, std::size_t* to) {
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

YamlReader::Handler YamlReader::Duration(std::chrono::milliseconds* to) {
  return [this, to](const YAML::Node& node) {
    const auto value = node.IsScalar() ? ParseDuration(node.Scalar()) : std::nullopt;
    if (!value) return Fault(node, "must be a time such as 500ms, 30s or 2min");
    *to = *value;
  };
}

std::optional<double> YamlReader::Number(const YAML::Node& node, std::string_view unit) {
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest(end.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - end.ptr));
  if (end.ec != std::errc() || rest != unit || !(value >= 0)) return std::nullopt;
  return value;
}

}  // namespace strata::host
