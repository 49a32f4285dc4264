#include "core/host/yaml_json.h"

#include <yaml-cpp/yaml.h>

#include <set>

#include "core/base/json_writer.h"

namespace strata::host {
namespace {

constexpr int kMaxDepth = 32;

class Converter {
 public:
  Converter(std::map<std::string, int, std::less<>>* lines, YamlError* error)
      : lines_(lines), error_(error) {}

  void Convert(const YAML::Node& node, const std::string& path, int depth) {
    lines_->emplace(path, node.Mark().line + 1);
    if (depth > kMaxDepth) return Fail(node, "nested too deep");
    switch (node.Type()) {
      case YAML::NodeType::Map:
        return Map(node, path, depth);
      case YAML::NodeType::Sequence:
        return List(node, path, depth);
      case YAML::NodeType::Scalar:
        return Scalar(node);
      default:
        writer_.Null();
    }
  }

  std::string Take() && { return std::move(text_); }

 private:
  void Fail(const YAML::Node& node, std::string message) {
    if (error_->message.empty()) *error_ = {node.Mark().line + 1, std::move(message)};
    writer_.Null();
  }

  void Map(const YAML::Node& node, const std::string& path, int depth) {
    std::set<std::string> names;
    writer_.BeginObject();
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (!entry.first.IsScalar() || !names.insert(name).second) {
        writer_.Key(name);
        Fail(entry.first,
             entry.first.IsScalar() ? "\"" + name + "\" is there twice" : "a name must be a text");
        continue;
      }
      writer_.Key(name);
      Convert(entry.second, path.empty() ? name : path + "." + name, depth + 1);
    }
    writer_.EndObject();
  }

  void List(const YAML::Node& node, const std::string& path, int depth) {
    writer_.BeginArray();
    std::size_t index = 0;
    for (const auto& element : node) {
      Convert(element, path + "[" + std::to_string(index++) + "]", depth + 1);
    }
    writer_.EndArray();
  }

  void Scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    const bool plain = node.Tag() != "!";  // Quoted scalars carry the non-specific tag.
    if (plain && (text == "true" || text == "false" || text == "null")) {
      writer_.Raw(text);
    } else if (plain && (text.empty() || text == "~")) {
      writer_.Null();
    } else if (plain && IsJsonNumber(text)) {
      writer_.Raw(text);
    } else {
      writer_.String(text);
    }
  }

  std::map<std::string, int, std::less<>>* lines_;
  YamlError* error_;
  std::string text_;
  json::Writer writer_{&text_};
};

}  // namespace

bool IsJsonNumber(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  const auto skip = [&](std::string_view any) {
    const bool found = at < text.size() && any.find(text[at]) != std::string_view::npos;
    if (found) ++at;
    return found;
  };
  skip("-");
  const std::size_t whole = at;
  const std::size_t length = digits();
  if (length == 0 || (length > 1 && text[whole] == '0')) return false;
  if (skip(".") && digits() == 0) return false;
  if (skip("eE")) {
    skip("+-");
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::string YamlToJson(const YAML::Node& node, const std::string& path,
                       std::map<std::string, int, std::less<>>* lines, YamlError* error) {
  Converter converter(lines, error);
  converter.Convert(node, path, 0);
  return std::move(converter).Take();
}

}  // namespace strata::host
